//! Taking history away: a received image in place of everything, and TRUNC. Both can be cut short
//! at any point; what a start finds then is the old history, the new one, or (TRUNC) a part of
//! the old one that contains the new one.

use super::disk::Files;
use super::error::{During, StoreError};
use super::files::{self, Dirs, Named, publish_tmp, remove, sync_dir, write_tmp};
use super::log_reader::{Item, LogReader};
use super::log_writer::LogWriter;
use super::replay::is_reachable;
use super::snapshot;
use std::fs;
use std::path::PathBuf;
use zabscope_core::base::Zxid;
use zabscope_core::tree::Image;

/// Makes `image` the whole history.
///
/// The file `installing.<zxid>` is the turning point: before it is there nothing has happened,
/// from then on a start finishes the work. Older files must all go. A log entry of another branch
/// of history could be replayed on top of the image, and a snapshot above it would hide it.
pub(super) fn install(
    files: &Files,
    log: &mut LogWriter,
    label: Zxid,
    image: &Image,
) -> Result<(), StoreError> {
    log.roll()?;
    let _history = files.take_away();
    let path = files.dirs.installing_file(label, files.packing());
    write_tmp(&path, |out| snapshot::write(image, files.packing(), out))?;
    publish_tmp(&path)?;
    finish(&files.dirs)?;
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

/// Forgets everything after `zxid`, or nothing if the files do not lead to it: then they are the
/// only copy of a history that may count in a quorum, and who gave the order sees by reading the
/// state that it was not done (rule S3).
///
/// The newest files go first, so that what is left is connected at every moment. Snapshots above
/// go before the log: else a start would load the transactions again that the log has lost
/// (ZOOKEEPER-4837).
pub(super) fn truncate(files: &Files, log: &mut LogWriter, zxid: Zxid) -> Result<(), StoreError> {
    log.roll()?;
    let _history = files.take_away();
    if !is_reachable(&files.dirs, zxid)? {
        tracing::warn!(%zxid, "cannot go back to this transaction: the files do not lead to it");
        return Ok(());
    }
    let (snapshots, logs) = (files.dirs.snapshots()?, files.dirs.logs()?);
    let cut = find_cut(&logs, zxid)?;
    for file in snapshots.iter().rev().chain(logs.iter().rev()).filter(|file| file.zxid > zxid) {
        remove(&file.path)?;
    }
    if let Some((path, len)) = cut {
        files::cut(&path, len)?;
    }
    log.continue_after(zxid);
    Ok(())
}

/// The file in which the log must end, and where.
fn find_cut(logs: &[Named], zxid: Zxid) -> Result<Option<(PathBuf, u64)>, StoreError> {
    let Some(named) = logs.iter().rev().find(|file| file.zxid <= zxid) else { return Ok(None) };
    let Some(mut reader) = LogReader::open(&named.path)? else { return Ok(None) };
    loop {
        let offset = reader.offset();
        match reader.next()? {
            Item::Entry(entry) if entry.zxid <= zxid => {}
            // Whatever is wrong there goes together with the rest.
            Item::Entry(_) | Item::End | Item::Bad { .. } => {
                return Ok(Some((named.path.clone(), offset)));
            }
        }
    }
}
