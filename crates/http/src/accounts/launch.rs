//! `/x/launch`: the page of the user who runs this server, opened by a code.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Owner, Scope};

use super::error::{check_private, not_signed_in};
use super::sign_in::{BrowserSession, answer};
use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use accounts::SignInError;

/// How long a code is valid, in seconds.
const CODE_SECONDS: u64 = 600;

#[derive(Deserialize, JsonSchema)]
struct Launch {
    /// The code of the link that the server or a command has shown
    code: String,
}

#[derive(Serialize, JsonSchema)]
struct LaunchCode {
    code: String,
    /// Seconds
    expires_in: u64,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/x/launch", |call| launch(call).boxed())
            .about(
                "launch",
                Tag::Accounts,
                "Open a browser session of the user who runs this server, by a code",
            )
            .described("A code counts once, for ten minutes.")
            .takes(
                Content::json::<Launch>().example(r#"{"code":"0123456789abcdef0123456789abcdef01234567"}"#),
            )
            .answers(200, "The session; its cookie is in the headers", [Content::json::<BrowserSession>()]),
        Route::post("/x/launch/codes", |call| issue(call).boxed())
            .about("createLaunchCode", Tag::Accounts, "Make a code for `/x/launch`")
            .described("Only for the user who runs this server.")
            .needs(Scope::Admin)
            .answers(200, "The code", [Content::json::<LaunchCode>()]),
    ]
}

async fn launch(mut call: Call) -> Answer {
    check_private(&call)?;
    let (Launch { code }, _) = call.json::<Launch>().await?;
    match call.app.accounts.sign_in_by_code(&code).await {
        Ok(signed_in) => answer(&call, signed_in),
        Err(SignInError::Wrong) => {
            Err(HttpError::unauthorized("This code is wrong, was used before, or is older than ten minutes")
                .with_hint("Open the page by a new link."))
        }
        Err(error) => Err(not_signed_in(&call, error)),
    }
}

async fn issue(call: Call) -> Answer {
    if call.caller().owner != Owner::local() {
        return Err(HttpError::forbidden("Only the user who runs this server opens its page by a code"));
    }
    json_answer(&LaunchCode { code: call.app.accounts.launch_code()?, expires_in: CODE_SECONDS })
}
