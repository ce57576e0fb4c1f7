//! Models that are pulled, pushed or created.

pub mod auto_pull;
pub mod create;
pub mod disk;
pub mod track;
