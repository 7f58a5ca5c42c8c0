//! How much of what a server has in its tree is known to be committed.
//!
//! While it serves that is all. But a server that loses its leader takes the rest of its log into
//! its tree (Java: `ZooKeeperServer.fastForwardDataBase`), and a recovered one has its whole log
//! there, although nobody may ever have counted a majority for the end of it.

use zabscope_core::base::Zxid;
use zabscope_core::server::Server;
use zabscope_core::zab::{Phase, ServerState};

/// The last zxid in a server's tree that is committed as far as anybody can know. `commits`: those
/// that leaders have counted a majority for, newest first.
#[must_use]
pub fn committed(server: &Server, mut commits: impl Iterator<Item = Zxid>) -> Zxid {
    let peer = server.peer();
    let history = peer.history();
    let (applied, recent) = (history.applied(), history.recent());
    if peer.phase() == Phase::Broadcast || recent.is_empty() {
        return applied;
    }
    // A log holds nothing before a committed entry that is not committed.
    let holds = |zxid: &Zxid| recent.binary_search_by_key(zxid, |entry| entry.zxid).is_ok();
    let counted = commits.find(holds).unwrap_or(Zxid::ZERO);
    // With its reign a leader commits all that was before it: no majority is counted for each.
    let reign = peer.current_epoch();
    let before = recent.partition_point(|entry| entry.zxid.epoch() < reign);
    let inherited = match before.checked_sub(1).and_then(|last| recent.get(last)) {
        Some(entry) if peer.state() == ServerState::Looking => entry.zxid,
        _ => Zxid::ZERO,
    };
    counted.max(inherited)
}
