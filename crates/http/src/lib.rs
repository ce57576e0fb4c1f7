//! The front that speaks HTTP. The only crate that names axum.
