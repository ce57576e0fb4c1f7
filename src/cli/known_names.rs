//! Arguments that take a name of a table: an unknown one gets the names that it may mean.

use std::ffi::OsStr;
use std::marker::PhantomData;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The names of a table.
pub(super) trait KnownNames: Clone + Send + Sync + 'static {
    fn names() -> Vec<&'static str>;

    /// The names that an unknown one may mean, the likeliest first.
    fn meant_by(given: &str) -> Vec<&'static str>;
}

/// A parser that takes the names of a table alone.
pub(super) fn name_parser<T: KnownNames>() -> NameParser<T> {
    NameParser(PhantomData)
}

#[derive(Debug, Clone)]
pub(super) struct NameParser<T>(PhantomData<T>);

impl<T: KnownNames> TypedValueParser for NameParser<T> {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let given = value.to_string_lossy();
        let names = T::names();
        if names.iter().any(|name| *name == given) {
            return Ok(given.into_owned());
        }
        let texts = |names: Vec<&str>| ContextValue::Strings(names.into_iter().map(str::to_owned).collect());
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        if let Some(argument) = argument {
            error.insert(ContextKind::InvalidArg, ContextValue::String(argument.to_string()));
        }
        error.insert(ContextKind::InvalidValue, ContextValue::String(given.clone().into_owned()));
        error.insert(ContextKind::ValidValue, texts(names));
        let meant = T::meant_by(&given);
        if !meant.is_empty() {
            error.insert(ContextKind::SuggestedValue, texts(meant));
        }
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(T::names().into_iter().map(PossibleValue::new)))
    }
}
