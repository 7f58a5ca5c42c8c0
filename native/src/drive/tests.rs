//! The loop, with a disk that the test holds.

use super::*;
use crate::cmd::server::engine_config;
use crate::store::StoreConfig;
use crate::words::Words;
use std::fs;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

/// A server alone; its disk tells of nothing while `gate` is locked.
fn serve(folder: &Path, client: SocketAddr, gate: Arc<Mutex<()>>, stop: Arc<AtomicBool>) {
    let file = folder.join("zoo.cfg");
    let port = client.port();
    fs::write(&file, format!("dataDir={}\nclientPort={port}\n", folder.display())).unwrap();
    let config = crate::config::Config::load(&file).unwrap();
    let (poll, waker) = poll_and_waker().unwrap();
    let woken = Arc::clone(&waker);
    let wake = move || {
        drop(gate.lock().unwrap());
        woken.wake().unwrap();
    };
    let (store, recovered) = Store::open(StoreConfig::from_config(&config), wake).unwrap();
    let parts = Parts {
        config: engine_config(&config),
        recovered,
        store,
        addresses: Addresses {
            client,
            election: None,
            quorum: None,
            election_name: String::new(),
            members: BTreeMap::new(),
        },
        limits: Limits {
            client_cnxns_per_ip: 0,
            client_cnxns: 0,
            room: Room { sockets: 100, clients: 100 },
            frame_bytes_max: config.frame_bytes_max,
            quorum_unsent_bytes: 0,
            fsync_warning: Duration::MAX,
            backlog: None,
        },
        words: Words::new(config),
        poll,
        waker,
        stop,
    };
    Driver::new(parts).unwrap().run().unwrap();
}

/// A create of a znode with this much data, as a client sends it.
fn create_frame(xid: i32, bytes: usize) -> Vec<u8> {
    let path = format!("/n{xid:04}");
    let len = |len: usize| i32::try_from(len).unwrap().to_be_bytes();
    let acl = b"\0\0\0\x01\0\0\0\x1f\0\0\0\x05world\0\0\0\x06anyone";
    let head = [&xid.to_be_bytes()[..], &1_i32.to_be_bytes(), &len(path.len()), path.as_bytes()];
    let body =
        [&head.concat()[..], &len(bytes), &vec![7; bytes], acl, &0_i32.to_be_bytes()].concat();
    [&len(body.len())[..], &body].concat()
}

#[test]
fn a_client_waits_for_a_disk_that_is_behind() {
    let folder = tempfile::tempdir().unwrap();
    let client = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = client.local_addr().unwrap();
    drop(client);
    let gate = Arc::new(Mutex::new(()));
    let stop = Arc::new(AtomicBool::new(false));
    let server = {
        let (folder, gate) = (folder.path().to_owned(), Arc::clone(&gate));
        let stop = Arc::clone(&stop);
        thread::spawn(move || serve(&folder, address, gate, stop))
    };
    let connect = || std::net::TcpStream::connect(address).ok();
    let mut stream = std::iter::repeat_with(connect).flatten().next().unwrap();
    stream
        .write_all(&[&[0, 0, 0, 45][..], &[0; 12], &30_000_i32.to_be_bytes(), &[0; 8]].concat())
        .unwrap();
    stream.write_all(&[&[0, 0, 0, 16][..], &[0; 17]].concat()).unwrap();
    stream.read_exact(&mut [0; 41]).unwrap();

    let held = gate.lock().unwrap();
    const COUNT: i32 = 120;
    let all: Vec<u8> = (1..=COUNT).flat_map(|xid| create_frame(xid, 900_000)).collect();
    // Until nothing more is taken.
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut sent = 0;
    while let Ok(count) = stream.write(&all[sent..])
        && count > 0
    {
        sent += count;
    }
    assert!(sent > UNWRITTEN_BYTES_MAX && sent < all.len(), "{sent} of {} bytes", all.len());
    drop(held);
    stream.set_write_timeout(None).unwrap();
    stream.write_all(&all[sent..]).unwrap();
    for xid in 1..=COUNT {
        // Length, xid, zxid, no error, the path.
        let mut answer = [0; 4 + 16 + 4 + 6];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!((&answer[4..8], &answer[16..20]), (&xid.to_be_bytes()[..], &[0; 4][..]));
    }
    stop.store(true, Ordering::Relaxed);
    drop(stream);
    server.join().unwrap();
}
