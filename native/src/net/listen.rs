//! Listening sockets.

use mio::net::TcpListener;
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketType, bind as bind_to, listen, socket, sockopt};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Connections that may wait to be accepted; the system has a bound of its own.
const BACKLOG: u32 = 1024;

/// Listens on an address. 0.0.0.0 stands for all addresses of both families, as in Java; where
/// there is no IPv6, for those of IPv4.
///
/// # Errors
/// If the port is taken, or the address is not one of this machine.
pub fn bind(address: SocketAddr, backlog: Option<u32>) -> io::Result<TcpListener> {
    let backlog = i32::try_from(backlog.unwrap_or(BACKLOG)).unwrap_or(i32::MAX);
    if address.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
        let all = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), address.port());
        match bind_one(all, backlog) {
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => {}
            bound => return Ok(bound?),
        }
    }
    Ok(bind_one(address, backlog)?)
}

fn bind_one(address: SocketAddr, backlog: i32) -> Result<TcpListener, Errno> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = socket(family, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    bind_to(&socket, &address)?;
    listen(&socket, backlog)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(TcpListener::from_std(socket.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn all_addresses_are_those_of_both_families() {
        let listener = bind((Ipv4Addr::UNSPECIFIED, 0).into(), None).unwrap();
        let at = listener.local_addr().unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, at.port())).unwrap();
        // Only a machine without IPv6 is listened on by IPv4 alone.
        let has_ipv6 = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
        assert_eq!(TcpStream::connect((Ipv6Addr::LOCALHOST, at.port())).is_ok(), has_ipv6);
        assert_eq!(bind(at, Some(1)).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn one_address_is_that_one() {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), Some(1)).unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap_err();
    }
}
