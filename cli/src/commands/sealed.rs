//! `keyward seal` and `keyward open`.

use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal as _, Read, Write};
use std::path::Path;

use super::data_key::{key_bytes, lease};
use crate::client::Session;
use crate::failure::{Exit, Failure};
use crate::grammar::{OpenArguments, SealArguments};
use crate::sealing::{self, DataKeyBytes, OutputFile, SealedBy};

/// Encrypts under the newest data key.
pub(crate) fn seal(session: &Session, arguments: &SealArguments) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    refuse_terminal(arguments.out.as_deref())?;
    let mut from = input(arguments.file.as_deref())?;
    let (_, leased) = lease(session, &arguments.environment, None)?;
    let by =
        SealedBy { tenant: tenant.clone(), environment: leased.environment.clone(), generation: leased.generation };
    let remark = format!("under generation {} of {}", by.generation, by.environment);
    let mut to = BufWriter::new(OutputFile::create(arguments.out.as_deref())?);
    let bytes = sealing::seal(by, &key_bytes(&leased)?, &mut from, &mut to)?;
    complete(to)?;
    session.output().remark(&format!("Sealed {bytes} bytes {remark}."));
    Ok(())
}

/// Decrypts under the data key that the file names.
pub(crate) fn open(session: &Session, arguments: &OpenArguments) -> Result<(), Failure> {
    let from = input(arguments.file.as_deref())?;
    let mut to = BufWriter::new(OutputFile::create(arguments.out.as_deref())?);
    let bytes = sealing::open(&|by| leased_key(session, by), BufReader::new(from), &mut to)?;
    complete(to)?;
    session.output().remark(&format!("Opened {bytes} bytes."));
    Ok(())
}

fn leased_key(session: &Session, by: &SealedBy) -> Result<DataKeyBytes, Failure> {
    let tenant = session.tenant()?;
    if by.tenant != *tenant {
        // Said here and not leased there: a file must not decide with whose rights it is opened.
        return Err(Failure::new(
            Exit::Refused,
            "another_tenant",
            format!("the file was sealed for the tenant {}", by.tenant),
        )
        .next(format!("Sign in to that tenant, or give --tenant {}", by.tenant)));
    }
    let (_, leased) = lease(session, &by.environment, Some(by.generation))?;
    key_bytes(&leased)
}

fn input(path: Option<&Path>) -> Result<Box<dyn Read>, Failure> {
    match path {
        None => Ok(Box::new(std::io::stdin())),
        Some(path) => match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(e) => Err(Failure::file("reading", path, &e)),
        },
    }
}

fn refuse_terminal(out: Option<&Path>) -> Result<(), Failure> {
    if out.is_none() && std::io::stdout().is_terminal() {
        return Err(
            Failure::usage("what is sealed is not text for a terminal").next("Give -o OUT, or redirect the output.")
        );
    }
    Ok(())
}

fn complete(to: BufWriter<OutputFile>) -> Result<(), Failure> {
    let mut output = to.into_inner().map_err(|e| Failure::unexpected(format!("writing failed: {}", e.error())))?;
    output.flush().map_err(|e| Failure::unexpected(format!("writing failed: {e}")))?;
    output.complete()
}
