//! Connect strings: `host:port,host:port/chroot` (Java: `ConnectStringParser`).

use super::CliError;
use zabscope_core::base::path::is_valid;

/// Port of an address that names none.
const PORT: u16 = 2181;

/// Which servers, and below which path everything happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// `host:port`, at least one.
    pub servers: Vec<String>,
    /// Empty, or a path without a slash at its end.
    pub chroot: String,
}

impl Hosts {
    /// Reads a connect string.
    ///
    /// # Errors
    /// [`CliError::Usage`] if it names no server, a port is no number, or the chroot is no path.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        let (list, chroot) = match text.find('/') {
            Some(at) => (&text[..at], text[at..].trim_end_matches('/')),
            None => (text, ""),
        };
        if !chroot.is_empty() && !is_valid(chroot) {
            return Err(CliError::Usage(format!("{chroot:?} is not a path")));
        }
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        let servers: Vec<String> = names.map(with_port).collect::<Result<_, _>>()?;
        if servers.is_empty() {
            return Err(CliError::Usage(format!("{text:?} names no server")));
        }
        Ok(Self { servers, chroot: chroot.to_owned() })
    }

    /// The path that the servers know.
    #[must_use]
    pub fn absolute(&self, path: &str) -> String {
        match (self.chroot.as_str(), path) {
            ("", path) => path.to_owned(),
            (chroot, "/") => chroot.to_owned(),
            (chroot, path) => format!("{chroot}{path}"),
        }
    }

    /// The path as it looks from below the chroot.
    #[must_use]
    pub fn local<'a>(&self, path: &'a str) -> &'a str {
        match path.strip_prefix(self.chroot.as_str()) {
            Some("") => "/",
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        }
    }
}

fn with_port(name: &str) -> Result<String, CliError> {
    // An IPv6 address stands in brackets, and its colons are not those before a port.
    let port = match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => Some(port),
        _ if name.starts_with('[') || !name.contains(':') => None,
        _ => {
            return Err(CliError::Usage(format!("{name:?}: write an IPv6 address in brackets")));
        }
    };
    match port {
        None => Ok(format!("{name}:{PORT}")),
        Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(name.to_owned()),
        Some(port) => Err(CliError::Usage(format!("{port:?} in {name:?} is not a port"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_strings() {
        let hosts = |text: &str| Hosts::parse(text).map(|hosts| (hosts.servers, hosts.chroot));
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(hosts("a:1,b").unwrap(), (list(&["a:1", "b:2181"]), String::new()));
        assert_eq!(hosts("[::1]:7,[::2]/x/").unwrap().0, ["[::1]:7", "[::2]:2181"]);
        assert_eq!(hosts("a/x/y").unwrap().1, "/x/y");
        for bad in ["", ",", "a:b", "a:0", "::1", "a/x//y"] {
            assert!(hosts(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_chroot_is_put_before_and_taken_away() {
        let hosts = Hosts::parse("a/x").unwrap();
        assert_eq!([hosts.absolute("/"), hosts.absolute("/y")], ["/x", "/x/y"]);
        assert_eq!(
            [hosts.local("/x"), hosts.local("/x/y"), hosts.local("/xy")],
            ["/", "/y", "/xy"]
        );
        let plain = Hosts::parse("a").unwrap();
        assert_eq!((plain.absolute("/").as_str(), plain.local("/")), ("/", "/"));
    }
}
