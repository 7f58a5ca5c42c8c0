//! Files and ports of a local ensemble.
//!
//! ```text
//! DIR/server-1/zoo.cfg        written at every start
//! DIR/server-1/data/myid
//! DIR/server-1/data/version-2 log and snapshots
//! DIR/server-1/server.log
//! ```

use super::cluster::{ClusterError, Options, io_error};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// From a client port to the quorum port: 2181 and 2888 are the usual pair.
const QUORUM_OFFSET: u16 = 707;
/// From a client port to the election port.
const ELECTION_OFFSET: u16 = 1707;
/// Settings that differ from the defaults of a bare `zoo.cfg`.
const FRIENDLY: &str = "\
4lw.commands.whitelist=*
autopurge.snapRetainCount=3
autopurge.purgeInterval=1
maxClientCnxns=0
preAllocSize=4096
admin.enableServer=false
";

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sid: u8,
    pub(super) observer: bool,
    pub(super) dir: PathBuf,
    pub(super) client_port: u16,
}

impl Place {
    pub(super) fn config_file(&self) -> PathBuf {
        self.dir.join("zoo.cfg")
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Names and numbers of the ports that it listens on.
    pub(super) fn ports(&self, standalone: bool) -> Vec<(&'static str, u16)> {
        let client = ("client", self.client_port);
        match standalone {
            true => vec![client],
            false => vec![
                client,
                ("quorum", self.client_port + QUORUM_OFFSET),
                ("election", self.client_port + ELECTION_OFFSET),
            ],
        }
    }

    fn server_line(&self) -> String {
        let (quorum, election) =
            (self.client_port + QUORUM_OFFSET, self.client_port + ELECTION_OFFSET);
        let role = if self.observer { "observer" } else { "participant" };
        format!("server.{}=127.0.0.1:{quorum}:{election}:{role}", self.sid)
    }
}

/// All servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
    pub(super) places: Vec<Place>,
}

impl Layout {
    /// Who will be where.
    pub(super) fn plan(options: &Options) -> Result<Self, ClusterError> {
        let refused = |text: &str| Err(ClusterError::Refused(text.to_owned()));
        if options.servers == 1 && options.observers > 0 {
            return refused("observers need at least two voting servers");
        }
        let count = options.servers + options.observers;
        let last = u32::from(options.client_port) + u32::from(count) + u32::from(ELECTION_OFFSET);
        if options.client_port == 0 || last > u32::from(u16::MAX) {
            return refused("--client-port leaves no room for the ports of all servers");
        }
        // Servers find their files wherever they are started again.
        let dir = std::path::absolute(&options.dir)
            .map_err(|source| io_error(options.dir.display().to_string(), source))?;
        let places = (1..=count)
            .map(|sid| Place {
                sid,
                observer: sid > options.servers,
                dir: dir.join(format!("server-{sid}")),
                client_port: options.client_port + u16::from(sid) - 1,
            })
            .collect();
        Ok(Self { dir, places })
    }

    pub(super) fn is_standalone(&self) -> bool {
        self.places.len() == 1
    }

    pub(super) fn place(&self, sid: u8) -> Option<&Place> {
        self.places.iter().find(|place| place.sid == sid)
    }

    pub(super) fn connect_string(&self) -> String {
        let hosts = self.places.iter().map(|place| format!("127.0.0.1:{}", place.client_port));
        hosts.collect::<Vec<_>>().join(",")
    }

    /// Refuses a folder that holds an ensemble of another shape: empty servers that join could
    /// outvote those that have the data.
    pub(super) fn check_existing(&self) -> Result<(), ClusterError> {
        let mut found = Vec::new();
        for sid in 1..=u8::MAX {
            let config = self.dir.join(format!("server-{sid}/zoo.cfg"));
            match fs::read_to_string(config) {
                Ok(text) => found.push(text),
                Err(_) => break,
            }
        }
        let observers = |texts: &[String]| {
            let own =
                texts.iter().filter(|text| text.lines().any(|line| line == "peerType=observer"));
            own.count()
        };
        let wanted = self.places.iter().filter(|place| place.observer).count();
        if found.is_empty() || found.len() == self.places.len() && observers(&found) == wanted {
            return Ok(());
        }
        let (all, observers) = (found.len(), observers(&found));
        Err(ClusterError::Refused(format!(
            "{} holds an ensemble of {} servers and {observers} observers: start it with these \
             numbers, or choose another folder",
            self.dir.display(),
            all - observers,
        )))
    }

    /// Makes folders and files; data that is there stays.
    pub(super) fn write(&self) -> Result<(), ClusterError> {
        for place in &self.places {
            let data = place.data_dir();
            fs::create_dir_all(&data)
                .map_err(|source| io_error(data.display().to_string(), source))?;
            let files = [
                (place.config_file(), self.config_text(place)),
                (data.join("myid"), format!("{}\n", place.sid)),
            ];
            for (path, text) in files {
                fs::write(&path, text)
                    .map_err(|source| io_error(path.display().to_string(), source))?;
            }
        }
        Ok(())
    }

    fn config_text(&self, place: &Place) -> String {
        let mut text = format!(
            "# Server {} of a local ensemble. `zabscope cluster` writes this at every start.\n\
             tickTime=2000\ndataDir={}\nclientPort={}\nclientPortAddress=127.0.0.1\n{FRIENDLY}",
            place.sid,
            place.data_dir().display(),
            place.client_port,
        );
        if !self.is_standalone() {
            text.push_str("initLimit=10\nsyncLimit=5\n");
            if place.observer {
                text.push_str("peerType=observer\n");
            }
            for other in &self.places {
                let _ = writeln!(text, "{}", other.server_line());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Mode};

    fn options(dir: &std::path::Path, servers: u8, observers: u8) -> Options {
        Options { servers, observers, dir: dir.to_owned(), client_port: 2181 }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::plan(&options(dir.path(), 3, 1)).unwrap();
        layout.check_existing().unwrap();
        layout.write().unwrap();
        let config = Config::load(&layout.places[3].config_file()).unwrap();
        assert_eq!(config.warnings, []);
        assert_eq!(config.client.port, 2184);
        // An ensemble to try things out with answers every word, as with Apache's `*`.
        let mut words = ["mntr", "dump", "hash", "dirs", "wchc", "wchp", "crst", "gtmk"].iter();
        assert!(words.all(|word| config.whitelist.allows(word)));
        assert!(config.autopurge.interval.0 > 0);
        let Mode::Ensemble { servers, .. } = config.mode else { panic!("an ensemble") };
        assert_eq!((servers.len(), servers.values().next().unwrap().quorum_port), (4, 2888));
        let alone = Layout::plan(&options(&dir.path().join("x"), 1, 0)).unwrap();
        alone.write().unwrap();
        assert_eq!(Config::load(&alone.places[0].config_file()).unwrap().mode, Mode::Standalone);
    }

    #[test]
    fn another_shape_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let plan = |servers, observers| Layout::plan(&options(dir.path(), servers, observers));
        plan(3, 1).unwrap().write().unwrap();
        plan(3, 1).unwrap().check_existing().unwrap();
        for (servers, observers) in [(5, 0), (4, 0), (2, 2), (3, 0)] {
            let error = plan(servers, observers).unwrap().check_existing().unwrap_err();
            assert!(error.to_string().contains("3 servers and 1 observers"), "{error}");
        }
        assert!(plan(1, 1).is_err());
        let high = Options { client_port: 65_000, ..options(dir.path(), 3, 0) };
        assert!(Layout::plan(&high).is_err());
    }
}
