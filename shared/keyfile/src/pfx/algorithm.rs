//! Algorithm identifiers and their parameters.

use p12::{AlgorithmIdentifier, OtherAlgorithmIdentifier};
use yasna::{ASN1Result, BERReader};

use super::oids;
use crate::KeyFileError;

/// The identifier, where it is none of the three that `p12` takes apart itself.
///
/// # Errors
/// `damaged` for those: no place where this is asked can have them.
pub(super) fn other<'a>(
    algorithm: &'a AlgorithmIdentifier,
    part: &'static str,
) -> Result<&'a OtherAlgorithmIdentifier, KeyFileError> {
    match algorithm {
        AlgorithmIdentifier::OtherAlg(other) => Ok(other),
        _ => Err(KeyFileError::Damaged { part }),
    }
}

pub(super) fn unsupported(algorithm: &OtherAlgorithmIdentifier, part: &'static str) -> KeyFileError {
    KeyFileError::UnsupportedAlgorithm { part, algorithm: oids::name(&algorithm.algorithm_type) }
}

/// Reads the parameters.
///
/// # Errors
/// `damaged` when there are none, or of another form.
pub(super) fn parameters<T>(
    algorithm: &OtherAlgorithmIdentifier,
    part: &'static str,
    read: impl FnOnce(BERReader<'_, '_>) -> ASN1Result<T>,
) -> Result<T, KeyFileError> {
    let damaged = KeyFileError::Damaged { part };
    let bytes = algorithm.params.as_ref().ok_or_else(|| damaged.clone())?;
    yasna::parse_ber(bytes, read).map_err(|_| damaged)
}

/// Reads two algorithms in a row, as PBES2 and PBMAC1 state theirs.
pub(super) fn read_pair(reader: BERReader<'_, '_>) -> ASN1Result<(AlgorithmIdentifier, AlgorithmIdentifier)> {
    reader.read_sequence(|params| {
        Ok((AlgorithmIdentifier::parse(params.next())?, AlgorithmIdentifier::parse(params.next())?))
    })
}
