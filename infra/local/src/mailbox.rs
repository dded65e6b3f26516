//! The mailbox folder, for looking at.

use std::{fs, io, path::Path};

use serde::Serialize;

/// Mails that are listed at most; the newest.
const MOST: usize = 500;

/// Longest mail that is shown.
const MOST_BYTES: u64 = 1024 * 1024;

/// One mail in the list.
#[derive(Debug, Serialize)]
pub(crate) struct Mail {
    name: String,
    at: String,
    to: String,
    subject: String,
}

/// The mails, oldest first.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Mail>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_mail(name))
        .collect();
    names.sort();
    let newest = names.split_off(names.len().saturating_sub(MOST));
    newest.into_iter().map(|name| describe(folder, name)).collect()
}

/// One mail as it was sent.
pub(crate) fn read(folder: &Path, name: &str) -> io::Result<String> {
    let path = folder.join(name);
    if !is_mail(name) || fs::metadata(&path)?.len() > MOST_BYTES {
        return Err(io::ErrorKind::NotFound.into());
    }
    fs::read_to_string(path)
}

/// Only names that the mail folder gives: no path leads out of it.
fn is_mail(name: &str) -> bool {
    name.ends_with(".eml") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn describe(folder: &Path, name: String) -> io::Result<Mail> {
    let text = read(folder, &name)?;
    let headers = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n\t", " ").replace("\r\n ", " ");
    let header = |wanted: &str| {
        let found = headers.lines().find_map(|line| line.strip_prefix(wanted)).unwrap_or_default();
        found.trim_start_matches(':').trim().to_owned()
    };
    Ok(Mail { at: header("Date"), to: header("To"), subject: header("Subject"), name })
}
