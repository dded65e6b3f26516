//! How notices leave the house.

mod checks;
mod folder;
mod headers;
mod none;
mod ses;

pub use checks::is_address;
pub use folder::MailFolder;
pub use none::NoMailer;
pub use ses::SesMailer;
