//! A request of Anthropic's API. Whatever it holds, reading it gives messages whose files belong to one of them, or an error with a path.
#![no_main]

use anthropic::{Ignored, MessagesRequest, read_prompt, read_tool_choice, read_tools};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(mut request) = http::fuzz_body::<MessagesRequest>(body) else { return };
    let mut ignored = Ignored::default();
    let _ = request.unsupported_field();
    let _ = request.thinking(&mut ignored);
    let _ = request.take_output_format();
    let _ = request.take_stop_sequences();
    if let Some(choice) = &request.tool_choice {
        let _ = read_tool_choice(choice);
    }
    let messages = request.messages.take().unwrap_or_default();
    match read_prompt(request.system.take(), messages, &mut ignored) {
        Ok(prompt) => {
            assert!(prompt.files.iter().all(|file| file.message < prompt.messages.len()));
            let _ = read_tools(request.tools.take().unwrap_or_default(), prompt.tool_changes, &mut ignored);
        }
        Err(error) => assert!(!error.path.is_empty()),
    }
});
