//! Asks a server who it is, by the four-letter word `srvr`.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server of this machine answers sooner.
const TIMEOUT: Duration = Duration::from_millis(500);

/// What a server says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It leads this epoch.
    Leader(i64),
    Follower,
    Observer,
    Standalone,
    /// It does not serve, or does not answer.
    Silent,
}

impl Role {
    pub(super) const fn leads(self) -> bool {
        matches!(self, Self::Leader(_) | Self::Standalone)
    }
}

/// The role of the server with this client port.
pub(super) fn role(address: SocketAddr) -> Role {
    ask(address).map_or(Role::Silent, |text| read(&text))
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"srvr")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn read(text: &str) -> Role {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let zxid = field("Zxid: 0x").and_then(|hex| i64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    match field("Mode:") {
        // Only the epoch: a counter would make every write a change of role.
        Some("leader") => Role::Leader(zxid >> 32),
        Some("follower") => Role::Follower,
        Some("observer") => Role::Observer,
        Some("standalone") => Role::Standalone,
        _ => Role::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_read() {
        let text = "Zookeeper version: 3.8.0\nZxid: 0x20000000a\nMode: leader\nNode count: 5\n";
        assert_eq!(read(text), Role::Leader(2));
        assert_eq!(read("Mode: follower\n"), Role::Follower);
        assert_eq!(
            read("This ZooKeeper instance is not currently serving requests\n"),
            Role::Silent
        );
    }
}
