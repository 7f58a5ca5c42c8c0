//! How many clients there may be, and from where.

use super::Limits;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Counts the connections of clients.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// Addresses with a connection.
    per_ip: BTreeMap<IpAddr, u32>,
    all: u32,
}

impl Admission {
    /// Counts one more connection from this address; else the setting that forbids it.
    pub(super) fn admit(&mut self, ip: IpAddr, limits: &Limits) -> Result<(), &'static str> {
        let of_ip = self.per_ip.get(&ip).copied().unwrap_or_default();
        let is_full = |count, limit| limit > 0 && count >= limit;
        if is_full(of_ip, limits.client_cnxns_per_ip) {
            return Err("maxClientCnxns");
        }
        if is_full(self.all, limits.client_cnxns) {
            return Err("maxCnxns");
        }
        if self.all >= limits.room.clients {
            return Err("descriptors of the process, ulimit -n");
        }
        self.per_ip.insert(ip, of_ip + 1);
        self.all += 1;
        Ok(())
    }

    /// A connection that was admitted is over.
    pub(super) fn release(&mut self, ip: IpAddr) {
        let Some(count) = self.per_ip.get_mut(&ip) else { return };
        *count -= 1;
        self.all -= 1;
        if *count == 0 {
            self.per_ip.remove(&ip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::Room;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    fn limits(client_cnxns_per_ip: u32, client_cnxns: u32) -> Limits {
        Limits {
            client_cnxns_per_ip,
            client_cnxns,
            room: Room { sockets: 2000, clients: 1000 },
            frame_bytes_max: 0,
            quorum_unsent_bytes: 0,
            fsync_warning: Duration::ZERO,
            backlog: None,
        }
    }

    fn ip(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    #[test]
    fn each_address_and_all_of_them_have_a_limit() {
        let mut admission = Admission::default();
        let limits = limits(2, 3);
        let mut admit = |last| admission.admit(ip(last), &limits);
        assert_eq!([admit(1), admit(1), admit(2)], [Ok(()); 3]);
        assert_eq!([admit(1), admit(2)], [Err("maxClientCnxns"), Err("maxCnxns")]);
        admission.release(ip(1));
        assert_eq!(admission.admit(ip(2), &limits), Ok(()));
        assert_eq!(admission.admit(ip(1), &limits), Err("maxCnxns"));
    }

    #[test]
    fn zero_is_no_limit_but_that_of_the_process() {
        let mut admission = Admission::default();
        assert!((0..1000).all(|_| admission.admit(ip(1), &limits(0, 0)).is_ok()));
        assert!(admission.admit(ip(1), &limits(0, 0)).unwrap_err().contains("ulimit -n"));
    }

    #[test]
    fn an_address_without_a_connection_leaves_nothing() {
        let mut admission = Admission::default();
        admission.admit(ip(0), &limits(1, 1)).unwrap();
        for last in 1..=100 {
            admission.admit(ip(last), &limits(1, 1)).unwrap_err();
        }
        assert_eq!(admission.per_ip.len(), 1, "refused addresses stay");
        admission.release(ip(0));
        assert_eq!((admission.per_ip.len(), admission.all), (0, 0));
    }
}
