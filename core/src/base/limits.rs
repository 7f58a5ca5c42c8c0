//! Every bound of the engine, with the Java property it corresponds to.

/// Largest client frame, and half of the largest transaction, if `jute.maxbuffer` is not set.
pub const FRAME_BYTES_MAX: usize = 0xf_ffff;
/// The largest that `jute.maxbuffer` may be: what is written with it can be read.
pub const FRAME_BYTES_CEILING: usize = FIELD_BYTES_MAX / 2;
/// Largest transaction that a leader proposes by default, with header and digest. It may be larger
/// than its request, and this is what Apache's servers read back (`jute.maxbuffer` +
/// `zookeeper.jute.maxbuffer.extrasize`).
pub const TXN_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;
/// Largest `buffer` or `ustring` that is read, between servers and in files. Above
/// [`TXN_BYTES_MAX`], as a server with another `jute.maxbuffer` may have written the history: this
/// is what one with 8 MiB writes.
pub const FIELD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Identities in a forwarded request. Above [`CONN_IDS_MAX`], as Apache's servers forward more.
pub const AUTH_IDS_MAX: i32 = 16 * 1024;
/// Identities of one client connection.
pub const CONN_IDS_MAX: usize = 2048;
/// And their bytes: each write of the client carries them from a follower to the leader.
pub const CONN_IDS_BYTES_MAX: usize = 128 * 1024;
/// Largest packet between a learner and its leader: a field of data and the identities.
pub const QUORUM_PACKET_BYTES_MAX: usize = FIELD_BYTES_MAX + FRAME_BYTES_MAX;
/// Largest notification on the election port (`QuorumCnxManager.PACKETMAXSIZE`).
pub const NOTIFICATION_BYTES_MAX: usize = 512 * 1024;
/// Largest address text of an election connection's first message (`QuorumCnxManager.maxBuffer`).
pub const ELECTION_ADDRESS_BYTES_MAX: usize = 2048;
/// Committed transactions kept in memory for DIFF (`zookeeper.commitLogCount`).
pub const RECENT_TXNS: usize = 500;
/// Requests a server takes into its pipeline before it stops reading from clients
/// (`zookeeper.globalOutstandingLimit`).
pub const OUTSTANDING_REQUESTS_MAX: usize = 1000;
/// Requests of one connection that may wait for an answer before the server stops reading it.
pub const REQUESTS_PER_CONN_MAX: usize = 256;
/// Bytes of the answer to a multiRead: many of its reads can be of one large znode.
pub const MULTI_READ_BYTES_MAX: usize = 4 * FRAME_BYTES_MAX;
/// Unsent bytes after which a driver closes a link: a client that never reads costs this much, or
/// one answer if that alone is larger.
pub const UNSENT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Unsent bytes after which a driver closes the link to another server: one that reads nothing
/// would else cost memory until a limit of ticks ends it. What synchronizes a learner does not
/// count: a snapshot is encoded while it is sent, and a DIFF has bounds of its own.
pub const QUORUM_UNSENT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes of transactions that wait for the disk, after which a server reads nothing that could add
/// to them until the disk has caught up. One turn's reading may come on top.
pub const UNWRITTEN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Packets a learner holds back while it waits for its disk during synchronization.
pub const SYNC_PACKETS_MAX: usize = 1_000_000;
/// Proposals that a learner keeps decoded until their commit; further ones are decoded again.
pub const DECODED_PROPOSALS_MAX: usize = 1000;
/// Time between two looks for containers and TTL znodes that may go
/// (`znode.container.checkIntervalMs`).
pub const REAP_INTERVAL_MS: u64 = 60_000;
/// Of these at most so many go in that time (`znode.container.maxPerMinute`).
pub const REAPED_PER_INTERVAL_MAX: usize = 10_000;
/// Transactions one DIFF may take from the log files; a learner further behind gets SNAP.
pub const DIFF_FROM_LOG_TXNS_MAX: usize = 100_000;
/// And at most so many bytes (Java's bound is a share of the newest snapshot's size,
/// `zookeeper.snapshotSizeFactor`).
pub const DIFF_FROM_LOG_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest counter of an epoch: the leader steps down before it wraps.
pub const COUNTER_MAX: u32 = 0xffff_fffe;
/// Items in flight in one direction of a simulated stream; beyond it the stream breaks, as a
/// driver closes a link with too many unsent bytes.
pub const SIM_IN_FLIGHT_MAX: usize = 100_000;
/// Writes, or jobs, that may wait for a simulated disk; beyond it the process ends.
pub const SIM_DISK_QUEUE_MAX: usize = 1_000_000;
/// Faults that a simulation remembers; later ones are only counted.
pub const SIM_FAULTS_MAX: usize = 256;
/// Steps between two keyframes of a simulation, while it is short.
pub const SIM_KEYFRAME_STEPS: u64 = 256;
/// Keyframes of one simulation.
pub const SIM_KEYFRAMES_MAX: usize = 128;
/// Memory of all keyframes of one simulation, by an estimate; beyond it every second one goes.
pub const SIM_KEYFRAMES_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What one node costs in a keyframe besides its disk: the last transactions, sessions, plans.
pub const SIM_NODE_BYTES: u64 = 48 * 1024;
/// Bytes of a quorum stream that may wait for the end of a packet.
pub const QUORUM_UNREAD_BYTES_MAX: usize = 2 * QUORUM_PACKET_BYTES_MAX;
/// Requests of one client that may wait for an answer or for a connection; a further one is
/// refused.
pub const CLIENT_CALLS_MAX: usize = 1000;
/// Watches that one client may hold.
pub const CLIENT_WATCHES_MAX: usize = 1_000_000;
/// Authentications that one client repeats on every new connection.
pub const CLIENT_AUTHS_MAX: usize = 64;
/// Recipes of one client that give back what they had while another one is at work.
pub const RECIPES_LEAVING_MAX: usize = 16;
/// Bytes of paths in one setWatches; more are split (`ClientCnxn.SET_WATCHES_MAX_LENGTH`).
pub const SET_WATCHES_BYTES_MAX: usize = 128 * 1024;
