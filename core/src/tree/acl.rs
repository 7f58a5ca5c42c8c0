//! Access control: which lists are legal and who may do what (Java:
//! `PrepRequestProcessor.fixupACL`, `ZooKeeperServer.checkACL`, `server.auth.*`).
//!
//! Schemes: `world`, `auth` (in requests only), `digest`, `ip`. Identities of scheme `super`
//! pass every check. x509 and sasl would need their providers and are not valid here.

use super::store::VersionedMap;
use super::znode::AclList;
use crate::proto::KeeperError;
use crate::proto::data::{Acl, Id};
use crate::wire::Text;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

/// The list that a transaction carries for the list of a request: without repetitions, `auth`
/// replaced by the identities of the caller. `InvalidAcl` if it is empty or an entry is not valid.
pub fn fixup(acl: Option<&[Acl]>, ids: &[Id]) -> Result<Vec<Acl>, KeeperError> {
    let mut seen = BTreeSet::new();
    let mut fixed = Vec::new();
    for entry in acl.unwrap_or_default() {
        if !seen.insert(entry) {
            continue;
        }
        if entry.id.scheme.as_bytes() == "auth" {
            let before = fixed.len();
            fixed.extend(
                ids.iter()
                    .filter(|id| is_authenticated(id))
                    .map(|id| Acl { perms: entry.perms, id: id.clone() }),
            );
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
        if let Some((list, _)) = self.0.get_key_value(acl) {
            let list = Arc::clone(list);
            if let Some(users) = self.0.get_mut(acl) {
                *users += 1;
            }
            return list;
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
