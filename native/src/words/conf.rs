//! `conf`: the settings (Java: `ZooKeeperServer.dumpConf`, `QuorumZooKeeperServer.dumpConf`).

use super::state::sizes;
use crate::config::{Config, Mode, PeerType};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(super) fn conf(config: &Config) -> String {
    let [data_bytes, log_bytes] = sizes(config);
    let mut text = format!(
        "clientPort={}\nsecureClientPort=-1\ndataDir={}\ndataDirSize={data_bytes}\n\
         dataLogDir={}\ndataLogSize={log_bytes}\ntickTime={}\nmaxClientCnxns={}\n\
         minSessionTimeout={}\nmaxSessionTimeout={}\nclientPortListenBacklog={}\n",
        config.client.port,
        whole(&config.data_dir).display(),
        whole(&config.data_log_dir).display(),
        config.tick.0,
        config.max_client_cnxns,
        config.min_session_timeout.0,
        config.max_session_timeout.0,
        config.client_port_listen_backlog.map_or(-1, i64::from),
    );
    match &config.mode {
        Mode::Standalone => text.push_str("serverId=0\n"),
        Mode::Ensemble {
            my_id, servers, init_limit_ticks, sync_limit_ticks, peer_type, ..
        } => {
            let own = &servers[my_id];
            let observer = u8::from(*peer_type == PeerType::Observer);
            let _ = write!(
                text,
                "serverId={my_id}\ninitLimit={init_limit_ticks}\nsyncLimit={sync_limit_ticks}\n\
                 electionAlg=3\nelectionPort={}\nquorumPort={}\npeerType={observer}\n\
                 membership: \n{}",
                own.election_port,
                own.quorum_port,
                config.configuration_text(),
            );
        }
    }
    text
}

/// Where the files of a folder of the configuration are, from the root on.
fn whole(dir: &Path) -> PathBuf {
    let dir = dir.join("version-2");
    std::path::absolute(&dir).unwrap_or(dir)
}
