//! The engine's facts as log lines.

use tracing::{debug, error, info, warn};
use zabscope_core::server::Note;
use zabscope_core::zab::{self, Reason};

/// Writes a fact to the log, at the level that an operator expects.
pub fn log(note: &Note) {
    match note {
        Note::Zab(note) => log_zab(note),
        Note::ConnectionClosed { conn, why } => debug!(conn = conn.0, ?why, "connection closed"),
        Note::Attached { session, conn } => debug!(%session, conn = conn.0, "session attached"),
        Note::Expired(session) => info!(%session, "session expired"),
        Note::Refused { zxid, error } => debug!(%zxid, %error, "write refused"),
        Note::DigestMismatch(zxid) => {
            error!(%zxid, "the tree differs from the leader's: the histories are not the same");
        }
        Note::WatchFired { conn, zxid } => debug!(conn = conn.0, %zxid, "watch fired"),
        Note::Malformed(sid) => error!(%sid, "the leader proposed what cannot be read"),
    }
}

fn log_zab(note: &zab::Note) {
    match note {
        zab::Note::Looking { round } => info!(round = round.0, "LOOKING"),
        zab::Note::Voted(vote) => {
            debug!(leader = %vote.leader, zxid = %vote.zxid, epoch = %vote.peer_epoch, "voted");
        }
        zab::Note::Elected { leader } => info!(%leader, "elected"),
        zab::Note::EpochChosen(epoch) => info!(%epoch, "new epoch chosen"),
        zab::Note::Established(epoch) => info!(%epoch, "a quorum promised the epoch"),
        zab::Note::Syncing { learner, with, zxid, txns } => {
            info!(%learner, ?with, %zxid, txns, "synchronizing a learner");
        }
        zab::Note::Synced(learner) => info!(%learner, "learner synchronized"),
        zab::Note::Serving(epoch) => info!(%epoch, "serving clients"),
        zab::Note::Committed(zxid) => debug!(%zxid, "committed"),
        zab::Note::LearnerLost { learner, why } => warn!(%learner, ?why, "learner lost"),
        zab::Note::Leaving(why) => match why {
            Reason::LinkLost
            | Reason::Silent
            | Reason::NoLeader
            | Reason::NoQuorum
            | Reason::CannotTruncate => {
                warn!(?why, "looking for a leader again");
            }
            why => error!(?why, "looking for a leader again"),
        },
        zab::Note::EpochRepaired(epoch) => warn!(%epoch, "currentEpoch raised to the log's"),
        zab::Note::Snapshot(zxid) => info!(%zxid, "snapshot written"),
    }
}
