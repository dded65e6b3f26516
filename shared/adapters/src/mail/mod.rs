//! How notices leave the house.

mod folder;

pub use folder::MailFolder;
