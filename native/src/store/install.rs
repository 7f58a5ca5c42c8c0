//! Taking history away: a received image in place of everything, and TRUNC. Both can be cut short
//! at any point; what a start finds then is the old history, the new one, or (TRUNC) a part of
//! the old one that contains the new one.

use super::disk::Files;
use super::error::{During, StoreError};
use super::files::{self, Dirs, Named, remove, sync_dir, write_atomically};
use super::log_reader::{Item, LogReader};
use super::log_writer::LogWriter;
use super::snapshot;
use super::types::Image;
use std::fs;
use std::path::PathBuf;
use zabscope_core::base::Zxid;

/// Makes `image` the whole history.
///
/// The file `installing.<zxid>` is the turning point: before it is there nothing has happened,
/// from then on a start finishes the work. Older files must all go. A log entry of another branch
/// of history could be replayed on top of the image, and a snapshot above it would hide it.
pub(super) fn install<I: Image>(
    files: &Files,
    log: &mut LogWriter,
    image: &I,
) -> Result<(), StoreError> {
    log.roll()?;
    let label = image.last_zxid();
    let content = snapshot::pack(&image.to_snapshot(), files.packing());
    let mut history = files.history();
    write_atomically(&files.dirs.installing_file(label, files.packing()), &content)?;
    finish(&files.dirs)?;
    history.generation += 1;
    history.oldest = label;
    log.continue_after(label);
    Ok(())
}

/// Finishes an installation that has passed its turning point; does nothing if there is none.
pub(super) fn finish(dirs: &Dirs) -> Result<(), StoreError> {
    let Some(Named { path, zxid, packing }) = dirs.installing()? else { return Ok(()) };
    for file in dirs.snapshots()?.iter().chain(&dirs.logs()?).rev() {
        remove(&file.path)?;
    }
    let target = dirs.snapshot_file(zxid, packing);
    fs::rename(&path, &target).during("rename to", &target)?;
    sync_dir(&dirs.snap)
}

/// Forgets everything after `zxid`.
///
/// The newest files go first, so that what is left is connected at every moment. Snapshots above
/// go before the log: else a start would load the transactions again that the log has lost
/// (ZOOKEEPER-4837).
pub(super) fn truncate(files: &Files, log: &mut LogWriter, zxid: Zxid) -> Result<(), StoreError> {
    log.roll()?;
    let mut history = files.history();
    let refuse = |what: String| Err(StoreError::Order { action: "truncate", zxid, what });
    if zxid > log.last() {
        return refuse(format!("the history ends at {}", log.last()));
    }
    if zxid < history.oldest {
        return refuse(format!("the oldest state on disk is {}", history.oldest));
    }
    let (snapshots, logs) = (files.dirs.snapshots()?, files.dirs.logs()?);
    let Cut { last, file } = find_cut(&logs, zxid)?;
    let is_label = snapshots.iter().any(|file| file.zxid == zxid);
    // The start of an epoch is no transaction, so it can be the end of a history without being
    // in any file.
    if last != Some(zxid) && !is_label && !zxid.is_epoch_start() {
        return refuse("this transaction is not in the log".into());
    }
    for file in snapshots.iter().rev().chain(logs.iter().rev()).filter(|file| file.zxid > zxid) {
        remove(&file.path)?;
    }
    if let Some((path, len)) = file {
        files::cut(&path, len)?;
    }
    history.generation += 1;
    log.continue_after(zxid);
    Ok(())
}

/// Where the log must end.
struct Cut {
    /// The last entry that stays.
    last: Option<Zxid>,
    /// The file with the last entry that stays, and where that ends.
    file: Option<(PathBuf, u64)>,
}

fn find_cut(logs: &[Named], zxid: Zxid) -> Result<Cut, StoreError> {
    let mut cut = Cut { last: None, file: None };
    let Some(named) = logs.iter().rev().find(|file| file.zxid <= zxid) else { return Ok(cut) };
    let Some(mut reader) = LogReader::open(&named.path)? else { return Ok(cut) };
    loop {
        let offset = reader.offset();
        match reader.next()? {
            Item::Entry(entry) if entry.zxid <= zxid => cut.last = Some(entry.zxid),
            // Whatever is wrong there goes together with the rest.
            Item::Entry(_) | Item::End | Item::Bad { .. } => {
                cut.file = Some((named.path.clone(), offset));
                return Ok(cut);
            }
        }
    }
}
