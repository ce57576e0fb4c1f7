//! Conversations as a person looks for them: titles, searches, pages of messages, copies.

use std::time::SystemTime;

use super::{Conversations, MAX_PAGE, MAX_SHOWN_BYTES, PAGE, conversation_id, failed, not_found, shorten};
use crate::changes::Change;
use crate::error::storage_failed;
use crate::{Caller, ServiceError};
use store::{ConversationIndex, Cursor, Fork, MessagePage, Page, Search, StoreError, TitledSummary};

/// Most messages of a page.
pub const MAX_MESSAGES: u64 = 200;
/// Most characters of a title.
pub const MAX_TITLE: usize = 200;
/// Messages of a page where the caller does not say.
const MESSAGES: u64 = 50;
/// Bytes of text of a page.
const MAX_PAGE_BYTES: usize = 4 << 20;
/// Characters of a title that is made from the first question.
const MAX_MADE_TITLE: usize = 60;

impl Conversations {
    /// A page of the conversations, newest first; with words those that have all of them in their title or messages.
    ///
    /// # Errors
    /// `invalid_argument`, `storage_failed`.
    pub async fn list_titled(
        &self,
        caller: &Caller,
        words: &str,
        before: Option<&str>,
        limit: Option<u64>,
    ) -> Result<Page<TitledSummary>, ServiceError> {
        let limit = bounded("limit", limit, PAGE, MAX_PAGE)?;
        let wrong = |_| ServiceError::invalid("before", "is not the next_cursor of a page");
        let before = before.map(|before| before.parse::<Cursor>().map_err(wrong)).transpose()?;
        let found = self.index()?.list(&caller.owner, &Search::new(words), before, limit);
        found.await.map_err(failed)
    }

    /// The messages of a conversation before a position, or its newest ones.
    ///
    /// # Errors
    /// `invalid_argument`, `conversation_not_found`, `storage_failed`.
    pub async fn page(
        &self,
        caller: &Caller,
        id: &str,
        before: Option<usize>,
        limit: Option<u64>,
    ) -> Result<MessagePage, ServiceError> {
        let limit = bounded("limit", limit, MESSAGES, MAX_MESSAGES)?;
        let mut page = self.whole_page(caller, id, before, limit).await?;
        // The oldest are left out, so that the next page goes on before those that are shown.
        let sizes = page.messages.iter().rev().scan(0_usize, |bytes, message| {
            *bytes = bytes.saturating_add(message.content.len().min(MAX_SHOWN_BYTES));
            Some(*bytes)
        });
        let shown = sizes.take_while(|bytes| *bytes <= MAX_PAGE_BYTES).count().max(1);
        let left_out = page.messages.len().saturating_sub(shown);
        page.start += left_out;
        page.messages.drain(..left_out);
        for message in &mut page.messages {
            shorten(&mut message.content);
            message.thinking.iter_mut().for_each(shorten);
        }
        Ok(page)
    }

    /// At most `limit` messages before a position, with all of their text.
    ///
    /// # Errors
    /// `invalid_argument`, `conversation_not_found`, `storage_failed`.
    pub async fn whole_page(
        &self,
        caller: &Caller,
        id: &str,
        before: Option<usize>,
        limit: usize,
    ) -> Result<MessagePage, ServiceError> {
        conversation_id(id)?;
        let found = self.index()?.page(&caller.owner, id, before, limit).await.map_err(failed)?;
        found.ok_or_else(|| not_found(id))
    }

    /// Gives a conversation a title; an empty one takes it away.
    ///
    /// # Errors
    /// `invalid_argument`, `conversation_not_found`, `storage_failed`.
    pub async fn rename(&self, caller: &Caller, id: &str, title: &str) -> Result<(), ServiceError> {
        conversation_id(id)?;
        let title = checked_title(title)?;
        match self.index()?.set_title(&caller.owner, id, title).await.map_err(failed)? {
            true => {
                self.announce(caller, id);
                Ok(())
            }
            false => Err(not_found(id)),
        }
    }

    /// Copies a conversation, or its first messages; the id of the copy.
    ///
    /// # Errors
    /// `invalid_argument`, `conversation_not_found`, `storage_failed`.
    pub async fn fork(
        &self,
        caller: &Caller,
        id: &str,
        messages: Option<usize>,
        title: Option<&str>,
    ) -> Result<String, ServiceError> {
        conversation_id(id)?;
        let title = title.map(checked_title).transpose()?.flatten().map(str::to_owned);
        let copy = uuid::Uuid::new_v4().to_string();
        let fork = Fork {
            from: id.to_owned(),
            id: copy.clone(),
            messages: messages.unwrap_or(usize::MAX),
            title,
            created: SystemTime::now(),
        };
        match self.index()?.fork(&caller.owner, fork).await.map_err(failed)? {
            true => {
                self.announce(caller, &copy);
                Ok(copy)
            }
            false => Err(not_found(id)),
        }
    }

    fn announce(&self, caller: &Caller, id: &str) {
        self.changes.announce(Change::Conversation { owner: caller.owner.clone(), id: id.to_owned() });
    }

    fn index(&self) -> Result<&ConversationIndex, ServiceError> {
        self.index.as_ref().ok_or_else(|| storage_failed("Conversations", &StoreError::NoDirectory))
    }
}

/// The title of a conversation; without one of its own the first words of its first message.
pub fn shown_title(found: &TitledSummary) -> String {
    if let Some(title) = &found.title {
        return title.clone();
    }
    let words = found.summary.first_words.split_whitespace();
    let mut title = String::new();
    for word in words {
        if !title.is_empty() && title.chars().count() + 1 + word.chars().count() > MAX_MADE_TITLE {
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().take(MAX_MADE_TITLE));
    }
    title
}

fn checked_title(title: &str) -> Result<Option<&str>, ServiceError> {
    let title = title.trim();
    if title.chars().count() > MAX_TITLE {
        return Err(ServiceError::invalid("title", format!("is longer than {MAX_TITLE} characters")));
    }
    if title.chars().any(char::is_control) {
        return Err(ServiceError::invalid("title", "has control characters; it must be one line of text"));
    }
    Ok(Some(title).filter(|title| !title.is_empty()))
}

fn bounded(name: &str, given: Option<u64>, default: u64, max: u64) -> Result<usize, ServiceError> {
    let given = given.unwrap_or(default);
    if !(1..=max).contains(&given) {
        return Err(ServiceError::invalid(name, format!("is {given}; it must be between 1 and {max}")));
    }
    Ok(usize::try_from(given).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use store::Summary;

    use super::*;

    fn found(title: Option<&str>, first_words: &str) -> TitledSummary {
        TitledSummary {
            summary: Summary {
                id: "a".into(),
                created: UNIX_EPOCH,
                updated: UNIX_EPOCH,
                total: 2,
                model: None,
                has_system: false,
                first_words: first_words.into(),
            },
            title: title.map(str::to_owned),
        }
    }

    #[test]
    fn conversation_without_title_is_shown_by_its_first_words() {
        assert_eq!(shown_title(&found(Some("mine"), "other")), "mine");
        assert_eq!(shown_title(&found(None, "  Why is\nthe sky blue? ")), "Why is the sky blue?");
        assert_eq!(shown_title(&found(None, "")), "");
        assert_eq!(shown_title(&found(None, &"word ".repeat(20))), format!("{}word…", "word ".repeat(11)));
        assert_eq!(shown_title(&found(None, &"日".repeat(100))), "日".repeat(60));
    }

    #[test]
    fn title_is_one_short_line() {
        assert_eq!(checked_title("  Trip "), Ok(Some("Trip")));
        assert_eq!(checked_title(" "), Ok(None));
        assert!(checked_title(&"x".repeat(201)).is_err() && checked_title("a\nb").is_err());
    }
}
