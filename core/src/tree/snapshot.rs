//! An image to a snapshot and back, in pieces (Java: `DataTree.serialize`, `SerializeUtils`).
//!
//! A version does not change while it is written, so a snapshot made here holds exactly the
//! transactions up to its zxid. Those of Java servers are fuzzy: transactions after the name of
//! the file may be in it, and are applied again.

use super::data_tree::Tree;
use super::digest::DIGEST_VERSION;
use super::image::Image;
use super::walk::Walk;
use super::znode::{AclList, Znode};
use crate::base::{Map, Zxid};
use crate::proto::data::Acl;
use crate::proto::snapshot::{
    AclEntry, NodeRecord, OPEN_ACL_KEY, SessionEntry, SnapshotDecoder, SnapshotForm, SnapshotItem,
    SnapshotTail, SnapshotWriter, ZxidDigest, encode_node,
};
use crate::wire::{DecodeError, Encode};
use alloc::sync::Arc;
use bytes::Bytes;

/// A piece is handed out when it has this many bytes; it is longer by a znode at most.
const CHUNK_BYTES: usize = 64 * 1024;

/// The bytes of a snapshot, in pieces of about 64 KiB.
#[derive(Clone, Debug)]
pub struct SnapshotChunks {
    image: Image,
    form: SnapshotForm,
    writer: SnapshotWriter,
    acl_keys: Map<AclList, i64>,
    at: Position,
}

/// What is written next.
#[derive(Clone, Debug)]
enum Position {
    Start,
    /// The znodes behind this key.
    Behind(Arc<str>),
    Done,
}

impl Image {
    /// The snapshot of this version. It goes with the image's zxid as the name of the file or as
    /// the zxid of SNAP.
    #[must_use]
    pub fn snapshot(&self, form: SnapshotForm) -> SnapshotChunks {
        SnapshotChunks {
            image: self.clone(),
            form,
            writer: SnapshotWriter::new(form),
            acl_keys: self.tree.acl_lists().cloned().zip(1..).collect(),
            at: Position::Start,
        }
    }
}

impl SnapshotChunks {
    fn start(&mut self) {
        let out = self.writer.fields();
        out.count(self.image.num_sessions());
        for (session, timeout_ms) in self.image.sessions() {
            SessionEntry { session, timeout_ms }.encode(out);
        }
        out.count(self.acl_keys.len());
        for (acl, key) in &self.acl_keys {
            AclEntry { key: *key, acl: acl.to_vec() }.encode(out);
        }
        if let Some(root) = self.image.tree.get("/") {
            self.node("", &root.clone());
        }
        self.at = Position::Behind("".into());
    }

    fn node(&mut self, key: &str, node: &Znode) {
        let acl_key = match node.acl() {
            None => OPEN_ACL_KEY,
            Some(acl) => self.acl_keys.get(acl).copied().unwrap_or(OPEN_ACL_KEY),
        };
        let out = self.writer.fields();
        encode_node(key.as_bytes(), node.data().as_deref(), acl_key, node.stat(), out);
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn nodes(&mut self, behind: &str) {
        let tree = self.image.tree.clone();
        let mut walk = Walk::behind(&tree, behind);
        while let Some(node) = walk.advance() {
            self.node(walk.key(), node);
            if self.writer.len() >= CHUNK_BYTES {
                self.at = Position::Behind(walk.key().into());
                return;
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        self.at = Position::Done;
        self.writer.end_nodes();
        match self.form {
            SnapshotForm::Stream => self.writer.sign(),
            SnapshotForm::File => {
                let (zxid, digest) = (self.image.zxid, self.image.tree.digest());
                let digest = ZxidDigest { zxid, version: DIGEST_VERSION, digest };
                let tail = SnapshotTail { digest: Some(digest), last_zxid: Some(zxid) };
                self.writer.finish_file(&tail);
            }
        }
    }
}

impl Iterator for SnapshotChunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        while self.writer.len() < CHUNK_BYTES {
            match self.at.clone() {
                Position::Start => self.start(),
                Position::Behind(key) => self.nodes(&key),
                Position::Done => break,
            }
        }
        if self.writer.is_empty() { None } else { Some(self.writer.take()) }
    }
}

/// Makes an image from the pieces of a snapshot.
#[derive(Clone, Debug)]
pub struct SnapshotLoader {
    decoder: SnapshotDecoder,
    image: Image,
    acls: Map<i64, AclList>,
    ended: bool,
}

impl SnapshotLoader {
    /// At the start.
    #[must_use]
    pub fn new(form: SnapshotForm) -> Self {
        let image = Image { tree: Tree::empty(), ..Image::default() };
        let decoder = SnapshotDecoder::new(form);
        Self { decoder, image, acls: Map::new(), ended: false }
    }

    /// More bytes. True: the snapshot is whole; what came behind it waits in the loader.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, DecodeError> {
        self.decoder.push(bytes);
        while !self.ended {
            match self.decoder.next_item() {
                Err(DecodeError::Short) => return Ok(false),
                Err(error) => return Err(error),
                Ok(SnapshotItem::Session(entry)) => {
                    self.image.sessions.insert(entry.session, entry.timeout_ms);
                }
                Ok(SnapshotItem::Acl(entry)) => {
                    self.acls.insert(entry.key, entry.acl.into());
                }
                Ok(SnapshotItem::Node(record)) => self.node(record)?,
                Ok(SnapshotItem::End) => self.end()?,
            }
        }
        Ok(true)
    }

    /// The image of a file whose bytes were all pushed, and the blocks behind it. `zxid` is the
    /// one in the file's name.
    pub fn finish_file(self, zxid: Zxid) -> Result<(Image, SnapshotTail), DecodeError> {
        if !self.ended {
            return Err(DecodeError::Short);
        }
        let tail = self.decoder.tail()?;
        Ok((Image { zxid, ..self.image }, tail))
    }

    /// The image of a stream that is whole, and the bytes behind it. `zxid` is that of SNAP.
    pub fn finish_stream(self, zxid: Zxid) -> Result<(Image, Bytes), DecodeError> {
        if !self.ended {
            return Err(DecodeError::Short);
        }
        Ok((Image { zxid, ..self.image }, self.decoder.rest()))
    }

    fn node(&mut self, record: NodeRecord) -> Result<(), DecodeError> {
        let acl = match record.acl_key {
            OPEN_ACL_KEY => None,
            key => Some(match self.acls.get(&key) {
                Some(acl) => self.image.tree.share_acl(acl),
                // A fuzzy snapshot can lack an ACL that was new; the create that brought it is
                // applied again. Until then nobody gets in.
                None => self.image.tree.share_acl(&Acl::world(0)),
            }),
        };
        let node = Znode::new(record.data, acl, record.stat);
        if self.image.tree.add(&record.path.to_str(), node) {
            return Ok(());
        }
        Err(DecodeError::Malformed("a znode without a parent, or twice"))
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        self.ended = true;
        if self.image.tree.is_empty() {
            return Err(DecodeError::Malformed("a snapshot without a root"));
        }
        self.image.tree.recount_all();
        Ok(())
    }
}
