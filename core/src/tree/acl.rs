//! Access control: which lists are legal and who may do what (Java:
//! `PrepRequestProcessor.fixupACL`, `ZooKeeperServer.checkACL`, `server.auth.*`).
//!
//! Schemes: `world`, `auth` (in requests only), `digest`, `ip`. Identities of scheme `super`
//! pass every check. x509 and sasl would need their providers and are not valid here.

use super::znode::AclList;
use crate::base::{Set, VersionedMap};
use crate::proto::KeeperError;
use crate::proto::data::{Acl, Id};
use crate::wire::Text;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

/// The list that a transaction carries for the list of a request: without repetitions, `auth`
/// replaced by the identities of the caller. `InvalidAcl` if it is empty or an entry is not valid;
/// `MarshallingError` if it takes more than `bytes_max`.
pub fn fixup(acl: Option<&[Acl]>, ids: &[Id], bytes_max: usize) -> Result<Vec<Acl>, KeeperError> {
    let acl = acl.unwrap_or_default();
    let mut seen = Set::new();
    let mut fixed = Vec::with_capacity(acl.len());
    let mut bytes = 0;
    for entry in acl {
        if acl.len() > 1 && !seen.insert(entry) {
            continue;
        }
        if entry.id.scheme.as_bytes() == "auth" {
            let before = fixed.len();
            for id in ids.iter().filter(|id| is_authenticated(id)) {
                let granted = Acl { perms: entry.perms, id: id.clone() };
                bytes += granted.bytes();
                // Each entry may stand for all identities: a small request, a giant list.
                if bytes > bytes_max {
                    return Err(KeeperError::MarshallingError);
                }
                fixed.push(granted);
            }
            if fixed.len() == before {
                return Err(KeeperError::InvalidAcl);
            }
        } else if is_valid_id(&entry.id) {
            fixed.push(entry.clone());
        } else {
            return Err(KeeperError::InvalidAcl);
        }
    }
    if fixed.is_empty() { Err(KeeperError::InvalidAcl) } else { Ok(fixed) }
}

/// May somebody with these identities do one of `perms` where `acl` rules? `None` is the open
/// ACL. Entries are grants: one that matches is enough.
#[must_use]
pub fn allows(acl: Option<&[Acl]>, perms: i32, ids: &[Id]) -> bool {
    let Some(acl) = acl else { return true };
    acl.is_empty()
        || ids.iter().any(|id| id.scheme.as_bytes() == "super")
        || acl.iter().any(|entry| entry.perms & perms != 0 && ids_match(&entry.id, ids))
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn ids_match(granted: &Id, ids: &[Id]) -> bool {
    let scheme = granted.scheme.as_bytes();
    if scheme == "world" {
        return granted.id.as_bytes() == "anyone";
    }
    ids.iter().filter(|id| id.scheme.as_bytes() == scheme).any(|id| match scheme.as_ref() {
        b"digest" => id.id == granted.id,
        b"ip" => ip_matches(&granted.id.to_str(), &id.id.to_str()),
        _ => false,
    })
}

/// Does this identity stand behind the scheme `auth`? An address proves nothing.
fn is_authenticated(id: &Id) -> bool {
    id.scheme.as_bytes() == "digest"
}

fn is_valid_id(id: &Id) -> bool {
    match id.scheme.as_bytes().as_ref() {
        b"world" => id.id.as_bytes() == "anyone",
        b"digest" => is_user_and_hash(&id.id),
        b"ip" => parse_network(&id.id.to_str()).is_some(),
        _ => false,
    }
}

/// `user:hash`: two parts as Java's `split(":")` counts them, which drops empty parts at the end.
fn is_user_and_hash(id: &Text) -> bool {
    let text = id.to_str();
    let parts = text.trim_end_matches(':');
    parts.split(':').count() == 2
}

/// An address as its bytes, of which the first `len` count.
struct Address {
    bytes: [u8; 16],
    len: usize,
}

fn parse_address(text: &str) -> Option<Address> {
    let mut bytes = [0; 16];
    if text.contains(':') {
        return text.parse().ok().map(|v6: Ipv6Addr| Address { bytes: v6.octets(), len: 16 });
    }
    let mut parts = text.split('.');
    for byte in &mut bytes[..4] {
        *byte = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then_some(Address { bytes, len: 4 })
}

/// `addr` or `addr/bits`.
fn parse_network(text: &str) -> Option<(Address, usize)> {
    let (address, bits) = match text.split_once('/') {
        None => (text, None),
        Some((address, bits)) => (address, Some(bits)),
    };
    let address = parse_address(address)?;
    let all = address.len * 8;
    let bits = bits.map_or(Some(all), |bits| bits.parse().ok())?;
    (bits <= all).then_some((address, bits))
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn ip_matches(network: &str, address: &str) -> bool {
    let (Some((network, bits)), Some(address)) = (parse_network(network), parse_address(address))
    else {
        return false;
    };
    let whole = bits / 8;
    // The byte in which the mask ends, if it ends inside one.
    let partial =
        bits % 8 == 0 || (network.bytes[whole] ^ address.bytes[whole]) & !(0xff >> (bits % 8)) == 0;
    network.len == address.len && network.bytes[..whole] == address.bytes[..whole] && partial
}

/// Every distinct ACL once, with the number of its znodes (Java: `ReferenceCountedACLCache`).
/// Its copies are its own, so that a znode's ACL does not keep a whole transaction in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AclCache(VersionedMap<AclList, u64>);

impl AclCache {
    /// The shared list for `acl`, counted once more.
    pub(super) fn take(&mut self, acl: &[Acl]) -> AclList {
        if let Some((list, users)) = self.0.get_key_value_mut(acl) {
            *users += 1;
            return Arc::clone(list);
        }
        let list: AclList = acl.iter().map(own_copy).collect();
        self.0.insert(Arc::clone(&list), 1);
        list
    }

    /// Counts one user less.
    pub(super) fn give_back(&mut self, acl: &[Acl]) {
        match self.0.get_mut(acl) {
            Some(users) if *users > 1 => *users -= 1,
            _ => {
                self.0.remove(acl);
            }
        }
    }

    /// Every list, in a fixed order.
    pub(super) fn lists(&self) -> impl Iterator<Item = &AclList> {
        self.0.iter().map(|(list, _)| list)
    }
}

fn own_copy(entry: &Acl) -> Acl {
    let copy = |text: &Text| Text::from(bytes::Bytes::copy_from_slice(text.as_bytes()));
    Acl { perms: entry.perms, id: Id { scheme: copy(&entry.id.scheme), id: copy(&entry.id.id) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::data::perms;
    use std::vec;

    fn id(scheme: &str, id: &str) -> Id {
        Id { scheme: scheme.into(), id: id.into() }
    }

    fn entry(perms: i32, scheme: &str, text: &str) -> Acl {
        Acl { perms, id: id(scheme, text) }
    }

    #[test]
    fn lists_of_requests() {
        let me = [id("ip", "1.2.3.4"), id("digest", "u:hash"), id("super", "")];
        assert_eq!(fixup(None, &me, 1000), Err(KeeperError::InvalidAcl));
        assert_eq!(fixup(Some(&[]), &me, 1000), Err(KeeperError::InvalidAcl));
        let asked = [
            entry(-1, "world", "anyone"),
            entry(3, "auth", "ignored"),
            entry(-1, "world", "anyone"),
            entry(1, "ip", "10.0.0.0/8"),
        ];
        let fixed =
            vec![asked[0].clone(), entry(3, "digest", "u:hash"), entry(1, "ip", "10.0.0.0/8")];
        assert_eq!(fixup(Some(&asked), &me, 1000), Ok(fixed));
        assert_eq!(
            fixup(Some(&asked), &me[..1], 1000),
            Err(KeeperError::InvalidAcl),
            "ip proves nothing"
        );
    }

    #[test]
    fn valid_ids() {
        for (scheme, text, valid) in [
            ("world", "anyone", true),
            ("world", "x", false),
            ("digest", "a:b", true),
            ("digest", ":b", true),
            ("digest", "a:b::", true),
            ("digest", "a:", false),
            ("digest", "a", false),
            ("digest", "", false),
            ("digest", ":", false),
            ("digest", "a:b:c", false),
            ("ip", "1.2.3.4", true),
            ("ip", "1.2.3.4/32", true),
            ("ip", "1.2.3.4/33", false),
            ("ip", "1.2.3.4/-1", false),
            ("ip", "1.2.3", false),
            ("ip", "1.2.3.256", false),
            ("ip", "1.2.3.4.5", false),
            ("ip", "::1/128", true),
            ("ip", "::1/129", false),
            ("super", "", false),
            ("x509", "CN=a", false),
            ("", "", false),
        ] {
            let list = [entry(1, scheme, text)];
            assert_eq!(fixup(Some(&list), &[], 1000).is_ok(), valid, "{scheme}:{text}");
        }
    }

    #[test]
    fn grants() {
        let list = [
            entry(perms::READ, "world", "anyone"),
            entry(perms::WRITE, "digest", "u:h"),
            entry(perms::CREATE, "ip", "10.1.0.0/15"),
        ];
        let ask = |perm, ids: &[Id]| allows(Some(&list), perm, ids);
        assert!(ask(perms::READ, &[]));
        assert!(!ask(perms::WRITE, &[id("digest", "u:other")]));
        assert!(ask(perms::WRITE, &[id("digest", "u:h")]));
        assert!(ask(perms::READ | perms::ADMIN, &[]), "any of the bits counts");
        assert!(!ask(perms::ADMIN, &[id("digest", "u:h")]));
        assert!(ask(perms::ADMIN, &[id("super", "x")]));
        for (address, inside) in
            [("10.0.0.1", true), ("10.1.255.1", true), ("10.2.0.1", false), ("::1", false)]
        {
            assert_eq!(ask(perms::CREATE, &[id("ip", address)]), inside, "{address}");
        }
        assert!(allows(None, perms::ADMIN, &[]) && allows(Some(&[]), perms::ADMIN, &[]));
    }

    #[test]
    fn every_list_is_kept_once() {
        let mut cache = AclCache::default();
        let first = cache.take(&Acl::open());
        assert!(Arc::ptr_eq(&first, &cache.take(&Acl::open())));
        cache.give_back(&first);
        assert_eq!(cache.lists().count(), 1);
        cache.give_back(&first);
        assert_eq!(cache, AclCache::default());
    }
}
