//! Lines `server.N=host:quorum:election[:role][;[address:]client]` (Java:
//! `QuorumPeer.QuorumServer`), and the configuration text of NEWLEADER.

use std::collections::BTreeMap;
use std::fmt;
use zabscope_core::base::Sid;

/// A host name or address and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Name, IPv4 or IPv6 address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// `host:port`, an IPv6 address in brackets.
impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", Bracketed(&self.host), self.port)
    }
}

/// Does the server vote?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerType {
    /// Votes and may lead.
    Participant,
    /// Gets every committed transaction and has no say.
    Observer,
}

impl PeerType {
    /// `participant` or `observer` in any case.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "participant" => Ok(Self::Participant),
            "observer" => Ok(Self::Observer),
            _ => Err(format!("{text:?} is neither participant nor observer")),
        }
    }
}

impl fmt::Display for PeerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Participant => "participant",
            Self::Observer => "observer",
        })
    }
}

/// One member of the ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Name or address, without brackets.
    pub host: String,
    /// Learners connect here.
    pub quorum_port: u16,
    /// Servers of larger id connect here.
    pub election_port: u16,
    /// Does it vote?
    pub peer_type: PeerType,
    /// Where its clients connect, if the line says so; `0.0.0.0` if it names the port alone.
    pub client: Option<HostPort>,
}

impl ServerSpec {
    /// Reads what stands behind `server.N=`. The error is a sentence without position.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.contains('|') {
            return Err("several addresses for one server (multiAddress) are not supported".into());
        }
        let mut parts = text.split(';');
        let peer = parts.next().unwrap_or_default().trim();
        let client = parts.next().map(str::trim).filter(|client| !client.is_empty());
        if parts.next().is_some_and(|secure| !secure.trim().is_empty()) {
            return Err("a secure client port is not supported".into());
        }
        let (host, rest) = split_host(peer)?;
        let fields: Vec<&str> = rest.split(':').collect();
        let (quorum, election, role) = match fields.as_slice() {
            [quorum, election] => (quorum, election, None),
            [quorum, election, role] => (quorum, election, Some(role)),
            _ => {
                return Err(format!(
                    "{text:?} is not host:quorumPort:electionPort[:role][;[address:]clientPort]"
                ));
            }
        };
        Ok(Self {
            host,
            quorum_port: parse_port(quorum)?,
            election_port: parse_port(election)?,
            peer_type: role.map_or(Ok(PeerType::Participant), |role| PeerType::parse(role))?,
            client: client.map(parse_client).transpose()?,
        })
    }

    /// Address of the quorum port.
    #[must_use]
    pub fn quorum_address(&self) -> HostPort {
        HostPort { host: self.host.clone(), port: self.quorum_port }
    }

    /// Address of the election port.
    #[must_use]
    pub fn election_address(&self) -> HostPort {
        HostPort { host: self.host.clone(), port: self.election_port }
    }
}

/// The part behind `server.N=` in the form of `QuorumServer.toString`.
impl fmt::Display for ServerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quorum_port, election_port, peer_type, .. } = self;
        write!(f, "{}:{quorum_port}:{election_port}:{peer_type}", Bracketed(&self.host))?;
        self.client.as_ref().map_or(Ok(()), |client| write!(f, ";{client}"))
    }
}

/// The text of NEWLEADER and of `/zookeeper/config`: a line for each server, then
/// `version=<hex>` without a line feed (Java: `QuorumMaj.toString`).
#[must_use]
pub fn configuration_text(servers: &BTreeMap<Sid, ServerSpec>, version: i64) -> String {
    let mut text = String::new();
    for (sid, server) in servers {
        text.push_str(&format!("server.{sid}={server}\n"));
    }
    text.push_str(&format!("version={version:x}"));
    text
}

struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

/// The host, without brackets, and what follows the colon behind it.
fn split_host(text: &str) -> Result<(String, &str), String> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) =
                inner.split_once(']').ok_or_else(|| format!("{text:?} lacks the bracket ']'"))?;
            let rest = rest.strip_prefix(':');
            (host, rest.ok_or_else(|| format!("{text:?} lacks a port behind the address"))?)
        }
        None => text.split_once(':').ok_or_else(|| format!("{text:?} lacks a port"))?,
    };
    if host.is_empty() {
        return Err(format!("{text:?} lacks a host"));
    }
    Ok((host.to_owned(), rest))
}

fn parse_client(text: &str) -> Result<HostPort, String> {
    if !text.contains(':') {
        return Ok(HostPort { host: "0.0.0.0".into(), port: parse_port(text)? });
    }
    let (host, port) = split_host(text)?;
    Ok(HostPort { host, port: parse_port(port)? })
}

/// A port above 0.
pub(super) fn parse_port(text: &str) -> Result<u16, String> {
    match text.trim().parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("{text:?} is not a port (1 to 65535)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_server_line() {
        for (line, text) in [
            ("a:2888:3888", "a:2888:3888:participant"),
            ("a:2888:3888;2181", "a:2888:3888:participant;0.0.0.0:2181"),
            ("a:1:2:OBSERVER;b:3", "a:1:2:observer;b:3"),
            ("[::1]:1:2:participant;[fe80::2]:3", "[::1]:1:2:participant;[fe80::2]:3"),
            ("10.0.0.1:1:2 ; 3", "10.0.0.1:1:2:participant;0.0.0.0:3"),
        ] {
            assert_eq!(ServerSpec::parse(line).unwrap().to_string(), text, "{line}");
        }
        for bad in [
            "",
            "a",
            "a:1",
            "a:1:2:3:4",
            "a:0:2",
            "a:1:x",
            "a:1:2:leader",
            "[::1:1:2",
            "[::1]",
            ":1:2",
            "a:1:2;",
            "a:1:2;x",
            "a:1:2|b:1:2",
            "a:1:2;3;4",
        ] {
            let result = ServerSpec::parse(bad);
            if bad == "a:1:2;" {
                assert_eq!(result.unwrap().client, None);
            } else {
                assert!(result.is_err(), "{bad}");
            }
        }
    }

    #[test]
    fn configuration_text_is_that_of_a_captured_newleader() {
        let servers = BTreeMap::from([
            (Sid(4), ServerSpec::parse("127.0.0.1:41824:41844:observer").unwrap()),
            (Sid(1), ServerSpec::parse("127.0.0.1:41821:41841").unwrap()),
        ]);
        let text = "server.1=127.0.0.1:41821:41841:participant\n\
                    server.4=127.0.0.1:41824:41844:observer\nversion=0";
        assert_eq!(configuration_text(&servers, 0), text);
        assert!(configuration_text(&servers, 0x1_0000_0000).ends_with("version=100000000"));
    }
}
