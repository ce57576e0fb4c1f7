//! Any body of a request for Ollama's own API: no panic, and for another model the name alone changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use service::forwarding::{ForwardRequest, NamedModel, OllamaRoute};

fuzz_target!(|data: &[u8]| {
    for route in [OllamaRoute::Chat, OllamaRoute::Generate, OllamaRoute::Show] {
        let Ok(request) = ForwardRequest::read(route.clone(), data.to_vec().into()) else { continue };
        request.warnings();
        assert_eq!(request.body(), data);
        if request.model() == NamedModel::Unreadable {
            continue;
        }
        let other = request.for_model("other");
        assert_eq!(other.model(), NamedModel::Named("other".to_owned()));
        assert_eq!(other.only_loads(), request.only_loads());
        assert_eq!(other.is_streamed(), request.is_streamed());
        // What Ollama's own reader makes of it is the same, too.
        let again = ForwardRequest::read(route, other.body().clone()).expect("a body with one name");
        assert_eq!(again.model(), other.model());
    }
});
