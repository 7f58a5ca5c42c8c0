//! Identities of a connection (Java: `ServerCnxn.authInfo`, `DigestAuthenticationProvider`).

use crate::base::Origin;
use crate::base::limits::{CONN_IDS_BYTES_MAX, CONN_IDS_MAX};
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

/// Adds these to the identities of a connection. False: there would be too many, and none is
/// added.
#[must_use]
pub fn add_ids(ids: &mut Vec<Id>, added: Vec<Id>) -> bool {
    let new: Vec<Id> = added.into_iter().filter(|id| !ids.contains(id)).collect();
    let bytes: usize = ids.iter().chain(&new).map(Id::bytes).sum();
    let fits = ids.len() + new.len() <= CONN_IDS_MAX && bytes <= CONN_IDS_BYTES_MAX;
    if fits {
        ids.extend(new);
    }
    fits
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
    use crate::base::limits::AUTH_IDS_MAX;

    fn filled(id: impl Fn(usize) -> String) -> Vec<Id> {
        let mut ids = Vec::new();
        loop {
            let next = Id { scheme: "digest".into(), id: id(ids.len()).into() };
            if !add_ids(&mut ids, [next].into()) {
                return ids;
            }
        }
    }

    #[test]
    fn identities_are_bounded_by_number_and_bytes() {
        assert_eq!(filled(|number| number.to_string()).len(), CONN_IDS_MAX);
        let large = filled(|number| format!("{number:01000}"));
        assert_eq!(large.len(), CONN_IDS_BYTES_MAX / large[0].bytes());
        assert!(i32::try_from(CONN_IDS_MAX).unwrap() < AUTH_IDS_MAX, "the leader reads them all");
        let mut again = large.clone();
        assert!(add_ids(&mut again, large.clone()), "what is there already costs nothing");
        assert_eq!(again, large);
    }

    #[test]
    fn digest_of_a_captured_client() {
        assert_eq!(digest_id("alice:secret"), "alice:aYXlLOpEooaV1cRAvUL1fp9Qt7E=");
        assert_eq!(authenticate("sasl", b"", &[], None), None);
        let ids = authenticate("digest", b"a:b", &[], Some(&digest_id("a:b")));
        assert_eq!(ids.map(|ids| ids.len()), Some(2), "the super user has two");
    }
}
