//! Disks from an earlier life: histories that a run of these servers alone does not lead to.

use super::command::History;
use crate::base::{Cxid, SessionId, Zxid};
use crate::proto::Acl;
use crate::proto::txn::{CreateKind, CreateTxn, Txn, TxnHeader, TxnRecord};
use crate::server::Disk;
use crate::server::message::Write;
use crate::tree::Image;
use crate::wire::Encode;
use crate::zab::Entry;
use alloc::format;

impl History {
    /// The disk that holds it.
    pub(super) fn disk(&self) -> Disk {
        let mut disk = Disk::default();
        let records = || self.zxids.iter().zip(1..).map(|(zxid, created)| create(*zxid, created));
        if let Some(zxid) = self.snapshot {
            let mut image = Image::new();
            for record in records().take_while(|record| record.header.zxid <= zxid) {
                image.apply(&record);
            }
            image.zxid = zxid;
            disk.keep(Write::Install { zxid, image: image.into() });
        }
        for record in records().filter(|record| Some(record.header.zxid) > self.snapshot) {
            let entry = Entry { zxid: record.header.zxid, payload: record.to_bytes() };
            disk.keep(Write::Append(entry));
        }
        disk.keep(Write::AcceptedEpoch(self.epoch));
        disk.keep(Write::CurrentEpoch(self.epoch));
        disk
    }
}

/// A transaction that creates a znode of its own name; the root has `created` children then.
fn create(zxid: Zxid, created: i32) -> TxnRecord {
    let header = TxnHeader {
        session: SessionId(0),
        cxid: Cxid(0),
        zxid,
        time_ms: 0,
        kind: crate::proto::opcode::CREATE,
    };
    let txn = Txn::Create(CreateTxn {
        path: format!("/{zxid}").as_str().into(),
        data: None,
        acl: Some(Acl::open()),
        kind: CreateKind::Plain { with_stat: false, ephemeral: false },
        parent_cversion: created,
    });
    TxnRecord { header, txn, digest: None }
}
