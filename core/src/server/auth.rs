//! Identities of a connection (Java: `ServerCnxn.authInfo`, `DigestAuthenticationProvider`).

use crate::base::Origin;
use crate::proto::Id;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// What a connection is before it says anything: its address.
#[must_use]
pub fn origin_ids(origin: Origin) -> Vec<Id> {
    let address = origin.ip.map(|ip| Id { scheme: "ip".into(), id: ip.to_string().into() });
    address.into_iter().collect()
}

/// Ids that an auth packet adds; `None` if the scheme authenticates nobody.
///
/// Digest authentication never fails: a wrong password is another identity that matches nothing.
#[must_use]
pub fn authenticate(
    scheme: &str,
    auth: &[u8],
    ids: &[Id],
    super_digest: Option<&str>,
) -> Option<Vec<Id>> {
    match scheme {
        "digest" => {
            let id = digest_id(&String::from_utf8_lossy(auth));
            let mut added = Vec::new();
            if super_digest == Some(id.as_str()) {
                added.push(Id { scheme: "super".into(), id: "".into() });
            }
            added.push(Id { scheme: "digest".into(), id: id.into() });
            Some(added)
        }
        "ip" => Some(ids.iter().filter(|id| id.scheme.as_bytes() == "ip").cloned().collect()),
        _ => None,
    }
}

/// `user:base64(sha1("user:password"))` of `user:password`.
#[must_use]
pub fn digest_id(user_and_password: &str) -> String {
    let user = user_and_password.split(':').next().unwrap_or_default();
    let hash = Sha1::digest(user_and_password.as_bytes());
    format!("{user}:{}", STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_a_captured_client() {
        assert_eq!(digest_id("alice:secret"), "alice:aYXlLOpEooaV1cRAvUL1fp9Qt7E=");
        assert_eq!(authenticate("sasl", b"", &[], None), None);
        let ids = authenticate("digest", b"a:b", &[], Some(&digest_id("a:b")));
        assert_eq!(ids.map(|ids| ids.len()), Some(2), "the super user has two");
    }
}
