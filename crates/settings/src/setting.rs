//! The declaration of a setting: its names, its help, its default and the parser of its value.
//!
//! [`settings!`] declares settings and lists them; [`group!`] declares a struct whose fields are read from them. The
//! flag, `--help`, `docs/settings.md`, `doctor`, the manifest and the struct's `Default` all follow from the
//! declaration.

use std::ops::Deref;

use platform::PATH_SEPARATOR;

use super::error::SettingsError;
use super::parse::Problem;
use super::resolver::Resolver;

/// A setting whose value is a `T`.
#[derive(Debug)]
pub struct Setting<T: 'static> {
    pub(super) info: SettingInfo,
    pub(super) parse: fn(&str) -> Result<T, Problem>,
    /// Makes the value of a setting that has no default and that nothing sets.
    pub(super) unset: Option<fn() -> T>,
}

/// What is known of a setting without the type of its value.
#[derive(Debug)]
pub struct SettingInfo {
    /// The environment variable; it identifies the setting.
    pub env: &'static str,
    /// The key in `config.toml`.
    pub key: Option<&'static str>,
    /// The placeholder of the value in `--help`: `ADDRESS`, `DURATION`.
    pub value_name: &'static str,
    pub kind: ValueKind,
    /// What it does, in Markdown, with its units.
    pub help: &'static str,
    /// The values that a shell completes; empty where any text may be one.
    pub values: fn() -> Vec<&'static str>,
    pub(super) exposure: Exposure,
}

/// Whether the value may be shown. A secret has no flag, since any user of a machine can read command lines, and no
/// default.
#[derive(Debug)]
pub(super) enum Exposure {
    Public { flag: Option<&'static str>, default: Option<&'static str> },
    Secret,
}

/// Which TOML types a setting accepts, and when it counts as set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A string. Blank counts as unset.
    Text,
    /// A string. It is not shown if it holds credentials, even if it is not used. Blank counts as unset.
    Address,
    /// A string with a unit, or an integer. Blank counts as unset.
    Quantity,
    /// A list of paths as in `PATH`, or an array; the flag may be repeated. Blank counts as unset.
    Paths,
    /// A list with commas, or an array; the flag may be repeated. Blank counts as unset.
    List,
    /// Pairs `name=value` with commas, or a table; the flag may be repeated. Blank counts as unset.
    Map,
    /// `true` or `false`, as text too; the flag alone means `true`. Blank counts as unset.
    Switch,
    /// Set by any value that is not empty.
    Presence,
}

impl ValueKind {
    /// What separates the values of a flag that may be repeated; `None` if it may not.
    pub fn separator(self) -> Option<&'static str> {
        match self {
            Self::Paths => Some(PATH_SEPARATOR),
            Self::List | Self::Map => Some(","),
            Self::Text | Self::Address | Self::Quantity | Self::Switch | Self::Presence => None,
        }
    }
}

impl SettingInfo {
    /// The flag without its dashes, such as `ollama-host`.
    pub fn flag(&self) -> Option<&'static str> {
        match self.exposure {
            Exposure::Public { flag, .. } => flag,
            Exposure::Secret => None,
        }
    }

    /// The default as a user would write it.
    pub fn default(&self) -> Option<&'static str> {
        match self.exposure {
            Exposure::Public { default, .. } => default,
            Exposure::Secret => None,
        }
    }

    /// Whether the value must never be shown.
    pub fn is_secret(&self) -> bool {
        matches!(self.exposure, Exposure::Secret)
    }
}

/// Two are equal if they have the same variable, which identifies a setting.
impl PartialEq for SettingInfo {
    fn eq(&self, other: &Self) -> bool {
        self.env == other.env
    }
}

impl Eq for SettingInfo {}

impl<T> Setting<T> {
    /// The setting without its type, for lists of settings.
    pub fn info(&'static self) -> &'static SettingInfo {
        &self.info
    }

    pub(super) fn load(&'static self, resolver: &mut Resolver<'_>) -> Result<T, SettingsError> {
        resolver.get(self)
    }
}

impl<T> Deref for Setting<T> {
    type Target = SettingInfo;

    fn deref(&self) -> &SettingInfo {
        &self.info
    }
}

/// The source of a field of a [`group!`] that is more than the value of one setting.
pub(super) struct Computed<T>(pub(super) fn(&mut Resolver<'_>) -> Result<T, SettingsError>);

impl<T> Computed<T> {
    pub(super) fn load(&self, resolver: &mut Resolver<'_>) -> Result<T, SettingsError> {
        (self.0)(resolver)
    }
}

/// Declares settings, and the list of all of them in this order. The doc comment is the help.
///
/// A `secret` takes no flag and no default. Without a default the value is that of `Default` where nothing sets it.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+ list $list:ident;
        $($(#[doc = $help:literal])+ $name:ident: $type:ty { $($declaration:tt)+ })+
    ) => {
        $(
            $(#[doc = $help])+
            pub static $name: Setting<$type> = settings!(@one concat!($($help),+), $($declaration)+);
        )+

        $(#[doc = $about])+
        pub static $list: &[&SettingInfo] = &[$(&$name.info),+];
    };
    (@one $help:expr, env: $env:literal, secret, $(key: $key:literal,)?
        value: $value:literal $kind:ident, parse: $parse:expr,) => {
        settings!(@new $help, $env, [$($key)?], $value, $kind, $parse, Vec::new, Some(Default::default), Exposure::Secret)
    };
    (@one $help:expr, env: $env:literal, $(flag: $flag:literal,)? $(key: $key:literal,)?
        value: $value:literal $kind:ident, parse: $parse:expr, $(values: $values:expr,)?) => {
        settings!(
            @new $help, $env, [$($key)?], $value, $kind, $parse, settings!(@or $($values)?), Some(Default::default),
            Exposure::Public { flag: settings!(@option $($flag)?), default: None }
        )
    };
    (@one $help:expr, env: $env:literal, $(flag: $flag:literal,)? $(key: $key:literal,)?
        value: $value:literal $kind:ident, parse: $parse:expr, $(values: $values:expr,)? default: $default:literal,) => {
        settings!(
            @new $help, $env, [$($key)?], $value, $kind, $parse, settings!(@or $($values)?), None,
            Exposure::Public { flag: settings!(@option $($flag)?), default: Some($default) }
        )
    };
    (@new $help:expr, $env:literal, [$($key:literal)?], $value:literal, $kind:ident, $parse:expr, $values:expr,
        $unset:expr, $exposure:expr) => {
        Setting {
            info: SettingInfo {
                env: $env,
                key: settings!(@option $($key)?),
                value_name: $value,
                kind: ValueKind::$kind,
                // Each line of a doc comment begins with a space.
                help: $help.trim_ascii(),
                values: $values,
                exposure: $exposure,
            },
            parse: |text| $parse(text).map(Into::into),
            unset: $unset,
        }
    };
    (@option) => { None };
    (@option $value:expr) => { Some($value) };
    (@or) => { Vec::new };
    (@or $values:expr) => { $values };
}

/// Declares a struct of settings: after `=` stands the setting of the field, or [`Computed`] with a function. The
/// fields are read in this order; the `Default` is what they are where nothing is set.
macro_rules! group {
    (
        $(#[$attribute:meta])*
        pub struct $group:ident {
            $($(#[$field_attribute:meta])* pub $field:ident: $type:ty = $source:expr,)+
        }
    ) => {
        $(#[$attribute])*
        pub struct $group {
            $($(#[$field_attribute])* pub $field: $type,)+
        }

        impl $group {
            pub(super) fn load(
                resolver: &mut $crate::resolver::Resolver<'_>,
            ) -> Result<Self, $crate::error::SettingsError> {
                Ok(Self { $($field: $source.load(resolver)?,)+ })
            }
        }

        impl Default for $group {
            fn default() -> Self {
                $crate::resolver::defaults(Self::load)
            }
        }
    };
}

pub(super) use {group, settings};
