//! `/x/users`: the users of the server, for administrators.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Owner, Scope};

use super::error::{check_private, time};
use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use accounts::User;

#[derive(Serialize, JsonSchema)]
struct ShownUser {
    /// Also the owner of what the user stores
    id: String,
    email: String,
    admin: bool,
    disabled: bool,
    created_at: String,
}

#[derive(Serialize, JsonSchema)]
struct Users {
    /// By email
    users: Vec<ShownUser>,
}

#[derive(Deserialize, JsonSchema)]
struct AskedUser {
    email: String,
    /// At least 8 characters
    password: String,
    /// Whether the user manages the server
    #[serde(default)]
    admin: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Change {
    /// A new password; the user's sessions end
    password: Option<String>,
    /// `true` ends the user's sessions and makes the keys invalid until it is `false` again
    disabled: Option<bool>,
}

const EMAIL: &str = "The email of the user";

pub(super) fn routes() -> Vec<Route> {
    let example = r#"{"email":"bob@example.org","password":"correct horse battery"}"#;
    let shown = || Content::json::<ShownUser>();
    vec![
        Route::get("/x/users", |call| list(call).boxed())
            .about("listUsers", Tag::Accounts, "The users of the server")
            .needs(Scope::Admin)
            .answers(200, "The users", [Content::json::<Users>()]),
        Route::post("/x/users", |call| add(call).boxed())
            .about("createUser", Tag::Accounts, "Add a user")
            .needs(Scope::Admin)
            .takes(Content::json::<AskedUser>().example(example))
            .answers(200, "The user", [shown()]),
        Route::patch("/x/users/{email}", |call| change(call).boxed())
            .about("changeUser", Tag::Accounts, "Disable or enable a user, or set a password")
            .needs(Scope::Admin)
            .ends_credential()
            .parameter("path", "email", EMAIL)
            .takes(Content::json::<Change>().example(r#"{"disabled":true}"#))
            .answers(200, "The user", [shown()]),
        Route::delete("/x/users/{email}", |call| remove(call).boxed())
            .about("removeUser", Tag::Accounts, "Remove a user with keys, sessions, conversations and files")
            .needs(Scope::Admin)
            .ends_credential()
            .parameter("path", "email", EMAIL)
            .answers(200, "The user who was removed", [shown()]),
    ]
}

async fn list(call: Call) -> Answer {
    let users = call.app.accounts.users().await?;
    json_answer(&Users { users: users.into_iter().map(ShownUser::from).collect() })
}

async fn add(mut call: Call) -> Answer {
    check_private(&call)?;
    let (AskedUser { email, password, admin }, ignored) = call.json::<AskedUser>().await?;
    let user = call.app.accounts.add_user(&email, &password, admin).await?;
    let mut response = json_answer(&ShownUser::from(user))?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn change(mut call: Call) -> Answer {
    let (Change { password, disabled }, ignored) = call.json::<Change>().await?;
    let accounts = &call.app.accounts;
    let email = call.path("email");
    let mut changed = None;
    if let Some(password) = password {
        check_private(&call)?;
        changed = Some(accounts.set_password(email, &password).await?);
    }
    if let Some(disabled) = disabled {
        changed = Some(accounts.set_disabled(email, disabled).await?);
    }
    let Some(user) = changed else {
        return Err(HttpError::bad_request("body", "changes nothing; it must have password or disabled"));
    };
    let mut response = json_answer(&ShownUser::from(user))?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn remove(call: Call) -> Answer {
    let removed = call.app.accounts.remove_user(call.path("email")).await?;
    if let Some(owner) = Owner::new(&removed.id) {
        call.app.services.documents.forget_owner(&owner).await.map_err(|error| call.error(&error))?;
    }
    json_answer(&ShownUser::from(removed))
}

impl From<User> for ShownUser {
    fn from(user: User) -> Self {
        let User { id, email, is_admin, is_disabled, created_ms } = user;
        Self { id, email, admin: is_admin, disabled: is_disabled, created_at: time(created_ms) }
    }
}
