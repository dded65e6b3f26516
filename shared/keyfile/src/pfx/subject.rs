//! The common name of a certificate's subject, to show.

use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag};

use super::bags::shown;
use super::oids;
use crate::ber;

/// The subject's common name in a CertBag (RFC 7292, section 4.2.3); `None` when there is none or the
/// certificate can't be read. Certificates decide nothing here.
pub(super) fn common_name(certificate_bag: &[u8], max_depth: usize) -> Option<String> {
    let certificate = yasna::parse_ber(certificate_bag, |r| {
        r.read_sequence(|bag| {
            if !oids::is(&bag.next().read_oid()?, oids::X509_CERTIFICATE) {
                return Err(ASN1Error::new(ASN1ErrorKind::Invalid));
            }
            bag.next().read_tagged(Tag::context(0), |r| r.read_bytes())
        })
    })
    .ok()?;
    let certificate = ber::normalise(&certificate, max_depth, "certificate").ok()?;
    let name = yasna::parse_ber(&certificate, read_certificate).ok()??;
    shown(&name)
}

/// Certificate and TBSCertificate (RFC 5280, section 4.1).
fn read_certificate(reader: BERReader<'_, '_>) -> ASN1Result<Option<String>> {
    reader.read_sequence(|certificate| {
        let name = certificate.next().read_sequence(|fields| {
            fields.read_optional(|r| r.read_tagged(Tag::context(0), |r| r.read_der()))?;
            for _serial_signature_issuer_validity in 0..4 {
                fields.next().read_der()?;
            }
            let name = read_name(fields.next())?;
            fields.next().read_der()?;
            while fields.read_optional(|r| r.read_der())?.is_some() {}
            Ok(name)
        })?;
        certificate.next().read_der()?;
        certificate.next().read_der()?;
        Ok(name)
    })
}

fn read_name(reader: BERReader<'_, '_>) -> ASN1Result<Option<String>> {
    let mut name = None;
    reader.read_sequence_of(|set| {
        set.read_set_of(|attribute| {
            attribute.read_sequence(|attribute| {
                let oid = attribute.next().read_oid()?;
                let value = attribute.next().read_der()?;
                if oids::is(&oid, oids::COMMON_NAME) {
                    name = text(&value);
                }
                Ok(())
            })
        })
    })?;
    Ok(name)
}

/// The text of one of the string types of a name (RFC 5280, section 4.1.2.4).
fn text(der: &[u8]) -> Option<String> {
    yasna::parse_ber(der, |r| r.read_utf8string())
        .or_else(|_| yasna::parse_ber(der, |r| r.read_printable_string()))
        .or_else(|_| yasna::parse_ber(der, |r| r.read_ia5_string()))
        .or_else(|_| yasna::parse_ber(der, |r| r.read_bmp_string()))
        .ok()
}
