//! The four-letter words of real servers: what they tell, and that they tell it in the form of
//! Apache's servers.

mod support;

use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use support::clients::{TIMEOUT_MS, ask, create, get};
use support::{Ensemble, QUICK, eventually};
use zabscope::cli::handle::Handle;
use zabscope_core::proto::request::{CreateMode, Request};

#[test]
fn four_letter_words_follow_the_whitelist() -> Result<()> {
    let ensemble = Ensemble::start(1, "tickTime=300\n")?;
    ensure!(ensemble.word(1, "srvr")?.contains("Mode: standalone\n"));
    let refused = ensemble.word(1, "mntr")?;
    ensure!(refused == "mntr is not executed because it is not in the whitelist.\n", "{refused}");
    ensure!(ensemble.word(1, "abcd")?.is_empty(), "an unknown word is answered");
    drop(ensemble);
    let ensemble = Ensemble::start(1, QUICK)?;
    for (word, part) in [
        ("ruok", "imok"),
        ("isro", "rw"),
        ("stat", "Clients:"),
        ("mntr", "zk_server_state\tstandalone"),
        ("conf", "tickTime=300"),
        ("cons", "[0]"),
        ("wchs", "Total watches:0"),
        ("envi", "zookeeper.version=3.8.0-"),
        ("dirs", "logdir_size: "),
        ("gtmk", "306"),
        ("srst", "Server stats reset."),
    ] {
        let text = ensemble.word(1, word)?;
        ensure!(text.contains(part), "{word}: {text}");
    }
    Ok(())
}

/// A field of the line of `cons` about the client with this session.
fn of_client(ensemble: &Ensemble, sid: u8, session: &str, field: &str) -> Result<String> {
    let cons = ensemble.word(sid, "cons")?;
    let line = cons.lines().find(|line| line.contains(session));
    let line = line.with_context(|| format!("no line of {session} in {cons}"))?;
    let value =
        line.split(&format!("{field}=")).nth(1).and_then(|rest| rest.split([',', ')']).next());
    Ok(value.with_context(|| format!("no {field} in {line}"))?.to_owned())
}

/// The number behind a key of `mntr`.
fn measured(ensemble: &Ensemble, sid: u8, key: &str) -> Result<f64> {
    let text = ensemble.word(sid, "mntr")?;
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("zk_{key}\t")));
    Ok(value.with_context(|| format!("no {key} in {text}"))?.parse()?)
}

#[test]
fn words_about_sessions_and_connections() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create("/mine", b"", CreateMode::Ephemeral))??;

    // `stat` tells of connections without their sessions, as Apache's does.
    ensure!(ensemble.word(1, "cons")?.contains(",sid=0x"));
    ensure!(!ensemble.word(1, "stat")?.contains(",sid="));
    let session = of_client(&ensemble, 1, ",sid=", "sid")?;
    let dump = ensemble.word(1, "dump")?;
    for part in [
        "Session Sets (1)/(1):\n1 expire at ".to_owned(),
        format!("UTC 2026:\n\t{session}\n").replace("2026", &year(&dump)?),
        format!("Sessions with Ephemerals (1):\n{session}:\n\t/mine\n"),
        format!("sessionId: {session}\n"),
        "sessionId: 0x0\n".to_owned(),
    ] {
        ensure!(dump.contains(&part), "no {part} in {dump}");
    }

    // What the last request was, and what a client has sent, until it is forgotten.
    let field = |name: &str| of_client(&ensemble, 1, &session, name);
    for _ in 0..20 {
        ask(&client, get("/mine"))??;
    }
    ensure!(field("lop")? == "GETD" && field("lcxid")? != "0x0");
    ensure!(field("recved")?.parse::<u64>()? >= 22);
    ensure!(ensemble.word(1, "crst")? == "Connection stats reset.\n");
    // It goes on, and pings only every two seconds.
    ensure!(field("recved")?.parse::<u64>()? < 5, "{}", field("recved")?);
    ensure!(["NA", "PING"].contains(&&*field("lop")?), "{}", field("lop")?);
    ask(&client, create("/next", b"", CreateMode::Persistent))??;
    ensure!(field("lop")? == "CREA");
    client.close();
    Ok(())
}

fn year(dump: &str) -> Result<String> {
    let line = dump.lines().find(|line| line.contains(" expire at ")).context("no time")?;
    Ok(line.trim_end_matches(':').split(' ').next_back().context("no year")?.to_owned())
}

#[test]
fn numbers_count_what_happens() -> Result<()> {
    const WRITES: usize = 300;
    let ensemble = Ensemble::start(3, QUICK)?;
    let leader = ensemble.wait_for_leader()?;
    ensemble.wait_until_equal()?;
    let follower = *ensemble.sids().iter().find(|sid| **sid != leader).context("a follower")?;
    let digests = |sid| -> Result<BTreeMap<String, String>> {
        let text = ensemble.word(sid, "hash")?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(at, is)| (at.into(), is.into()))
            .collect())
    };
    for sid in ensemble.sids() {
        ensure!(ensemble.word(sid, "srst")? == "Server stats reset.\n");
    }
    ensure!(ensemble.word(leader, "srvr")?.contains("\nProposal sizes last/min/max: -1/-1/-1\n"));
    let client = Handle::start(ensemble.hosts(&[follower]), TIMEOUT_MS, 0);
    for number in 0..WRITES {
        ask(&client, create(&format!("/n{number}"), b"12345", CreateMode::Persistent))??;
    }
    ask(&client, get("/n7"))??;
    let writes = f64::from(u16::try_from(WRITES)?);
    // With the session.
    for (sid, key) in [
        (leader, "proposal_count"),
        (leader, "commit_count"),
        (leader, "cnt_quorum_ack_latency"),
        (leader, "sum_sync_processor_batch_size"),
        (follower, "learner_proposal_received_count"),
        (follower, "learner_commit_received_count"),
        (follower, "cnt_updatelatency"),
    ] {
        let count = measured(&ensemble, sid, key)?;
        ensure!(count >= writes + 1.0 && count < writes + 20.0, "{key}: {count}");
    }
    ensure!(measured(&ensemble, leader, "cnt_updatelatency")? == 0.0, "nobody asked the leader");
    ensure!(measured(&ensemble, follower, "cnt_readlatency")? >= 1.0);
    ensure!(measured(&ensemble, follower, "connection_request_count")? >= 1.0);
    ensure!(measured(&ensemble, follower, "bytes_received_count")? > 30.0 * writes);
    ensure!(measured(&ensemble, leader, "cnt_fsynctime")? >= 1.0);
    // Header, path, data, ACL: no proposal is smaller, and that of a session is not larger.
    ensure!(measured(&ensemble, leader, "min_proposal_size")? >= 36.0);
    ensure!(measured(&ensemble, leader, "max_proposal_size")? < 200.0);
    ensure!(measured(&ensemble, leader, "open_file_descriptor_count")? > 10.0);

    // Where both tell a digest it is the same, and with so many writes there are two.
    eventually("the same digests", || {
        let (one, other) = (digests(leader)?, digests(follower)?);
        Ok((one.len() >= 2 && one == other).then_some(()))
    })?;
    for (zxid, digest) in digests(leader)? {
        ensure!(i64::from_str_radix(&zxid, 16)? % 128 == 0, "{zxid}");
        digest.parse::<i64>()?;
    }
    client.close();
    Ok(())
}

// --- the form of Apache's answers ------------------------------------------------------------

fn captures() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden");
    let golden = std::env::var_os("ZABSCOPE_GOLDEN").map_or(beside, PathBuf::from);
    let words = golden.join("4lw");
    if words.is_dir() {
        return Some(words);
    }
    println!("SKIPPED: no captures at {} (set ZABSCOPE_GOLDEN)", words.display());
    None
}

/// A text with what differs from run to run replaced: `X` is a number in hex, `A` an address, `F`
/// a number with a point, `N` one without, `D` a time, `O` an operation, `V` the version, `P` a path.
fn form(text: &str) -> Vec<String> {
    text.lines().map(form_of_line).collect()
}

fn form_of_line(line: &str) -> String {
    for (name, mark) in
        [("Zookeeper version: ", 'V'), ("zookeeper.version=", 'V'), ("zk_version\t", 'V')]
    {
        if line.starts_with(name) {
            return format!("{name}{mark}");
        }
    }
    if let Some((before, after)) = line.split_once(" expire at ") {
        let parts: Vec<&str> = after.trim_end_matches(':').split(' ').collect();
        let is_date = matches!(parts[..], [_, _, _, time, "UTC", _] if time.len() == 8);
        return format!(
            "{} expire at {}",
            form_of_line(before),
            if is_date { "D:" } else { after }
        );
    }
    for name in ["dataDir=/", "dataLogDir=/", "\t/", "/"] {
        if line.starts_with(name) {
            return format!("{}P", name.trim_end_matches('/'));
        }
    }
    // Between two looks a client may ping.
    if let Some((before, after)) = line.split_once(",lop=") {
        let name = after.find(',').map_or(after, |end| &after[..end]);
        let is_name = (4..=6).contains(&name.len()) && name.chars().all(|c| c.is_ascii_uppercase());
        let name = if is_name { "O" } else { name };
        let rest = form_of_line(&after[after.find(',').unwrap_or(after.len())..]);
        return format!("{},lop={name}{rest}", form_of_line(before));
    }
    let mut form = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let digits = if rest.starts_with("0x") { 2 } else { 0 };
        let of = |is: fn(char) -> bool| {
            rest[digits..].find(|c| !is(c)).map_or(rest.len(), |at| at + digits)
        };
        if digits > 0 {
            form.push('X');
            rest = &rest[of(|c| c.is_ascii_hexdigit())..];
        } else if first.is_ascii_digit() {
            let (number, behind) = rest.split_at(of(|c| c.is_ascii_digit() || c == '.'));
            form.push(match number.matches('.').count() {
                0 => 'N',
                1 => 'F',
                _ => 'A',
            });
            rest = behind;
        } else {
            form.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    form
}

/// Each form once, in the order of its first line: lists may have other lengths.
fn distinct(lines: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    lines.into_iter().filter(|line| seen.insert(line.clone())).collect()
}

#[test]
fn the_form_is_that_of_real_answers() {
    assert_eq!(form_of_line("1 expire at Sun Nov 22 07:03:08 UTC 2026:"), "N expire at D:");
    assert_eq!(form_of_line("1 expire at Sun 22 Nov"), "N expire at Sun 22 Nov");
    assert_eq!(form_of_line("\tip: /127.0.0.1:50606 sessionId: 0x1f"), "\tip: /A:N sessionId: X");
    assert_eq!(form_of_line("Latency min/avg/max: 0/3.5/25"), "Latency min/avg/max: N/F/N");
    assert_eq!(form_of_line("\t/q1"), "\tP");
    assert_eq!(form_of_line("(sid=0x1,lop=GETD,est=5)"), "(sid=X,lop=O,est=N)");
    assert_ne!(form_of_line(",minlat=0.5"), form_of_line(",minlat=0"));
}

/// What both servers, one after the other, are asked. `stmk` has its eight bytes behind it.
const SAME: [&str; 12] = [
    "srvr",
    "stat",
    "cons",
    "conf",
    "dirs",
    "dump",
    "wchs",
    "wchc",
    "wchp",
    "gtmk",
    "stmk\0\0\0\0\0\0\0+",
    "isro",
];

#[test]
fn every_word_has_the_form_of_apaches_answer() -> Result<()> {
    let Some(captures) = captures() else { return Ok(()) };
    let ensemble = Ensemble::start(3, QUICK)?;
    let leader = ensemble.wait_for_leader()?;
    ensemble.wait_until_equal()?;
    let follower = *ensemble.sids().iter().find(|sid| **sid != leader).context("a follower")?;
    let mut clients = Vec::new();
    // In the captures server 1 follows and server 3 leads.
    for (sid, captured) in [(follower, "s1"), (leader, "s3")] {
        let client = Handle::start(ensemble.hosts(&[sid]), TIMEOUT_MS, 0);
        let path = format!("/q{captured}");
        ask(&client, create(&path, b"", CreateMode::Ephemeral))??;
        ask(&client, Request::GetData { path: path.into(), watch: true })??;
        clients.push(client);
    }
    for (sid, captured) in [(follower, "s1"), (leader, "s3")] {
        let golden = |word: &str| -> Result<String> {
            let file = captures.join(format!("ensemble-{}-{captured}.s2c.txt", &word[..4]));
            Ok(fs::read_to_string(&file).with_context(|| file.display().to_string())?)
        };
        for word in SAME {
            let (ours, theirs) = (ensemble.word(sid, word)?, golden(word)?);
            let mut expected = form(&theirs);
            // Their observer.
            expected.retain(|line| !(word == "conf" && line.ends_with(":observer")));
            let (ours_form, expected) = (distinct(form(&ours)), distinct(expected));
            let same = match word {
                // The asker comes first or last.
                "stat" | "cons" => {
                    BTreeSet::from_iter(&ours_form) == BTreeSet::from_iter(&expected)
                }
                _ => ours_form == expected,
            };
            ensure!(
                same,
                "{word} of {captured}:\n{ours}\nlike\n{theirs}\n{ours_form:#?} {expected:#?}"
            );
            ensure!(ours.ends_with('\n') == theirs.ends_with('\n'), "the end of {word}: {ours:?}");
        }
        ensure!(
            ensemble.word(sid, "gtmk")?
                == fs::read_to_string(
                    captures.join(format!("ensemble-gtmk-{captured}-2.s2c.txt"))
                )?
        );
        let envi = form(&golden("envi")?);
        for line in form(&ensemble.word(sid, "envi")?) {
            ensure!(envi.contains(&line), "envi: {line}");
        }
        check_mntr(&ensemble.word(sid, "mntr")?, &golden("mntr")?)?;
        for word in ["ruok", "crst", "srst"] {
            ensure!(ensemble.word(sid, word)? == golden(word)?, "{word}");
        }
    }
    Ok(())
}

/// Keys of `mntr` that are not told, because they are about parts of Apache's server that this one
/// does not have: TLS and SASL, limits on requests, Netty, the caches of its answers, its garbage
/// collector, and queues between its threads.
const ABSENT: [&str; 80] = [
    "non_mtls_remote_conn_count",
    "non_mtls_local_conn_count",
    "outstanding_tls_handshake",
    "tls_handshake_exceeded",
    "unsuccessful_handshake",
    "ensemble_auth_success",
    "ensemble_auth_fail",
    "ensemble_auth_skip",
    "insecure_admin_count",
    "connection_drop_probability",
    "connection_token_deficit",
    "request_throttle_wait_count",
    "request_throttle_queue_time_ms",
    "stale_requests",
    "stale_requests_dropped",
    "stale_replies",
    "netty_queued_buffer_capacity",
    "response_packet_cache_hits",
    "response_packet_cache_misses",
    "response_packet_get_children_cache_hits",
    "response_packet_get_children_cache_misses",
    "jvm_pause_time_ms",
    "dead_watchers_queued",
    "dead_watchers_cleared",
    "dead_watchers_cleaner_latency",
    "add_dead_watcher_stall_time",
    "cnxn_closed_without_zk_server_running",
    "sessionless_connections_expired",
    "socket_closing_time",
    "quit_leading_due_to_disloyal_voter",
    "outstanding_changes_queued",
    "outstanding_changes_removed",
    "prep_processor_request_queued",
    "prep_processor_queue_size",
    "prep_processor_queue_time_ms",
    "prep_process_time",
    "close_session_prep_time",
    "proposal_process_time",
    "proposal_latency",
    "proposal_ack_creation_latency",
    "propagation_latency",
    "commit_propagation_latency",
    "sync_processor_request_queued",
    "sync_processor_queue_size",
    "sync_processor_queue_time_ms",
    "sync_processor_queue_flush_time_ms",
    "sync_processor_queue_and_flush_time_ms",
    "sync_process_time",
    "request_commit_queued",
    "requests_not_forwarded_to_commit_processor",
    "skip_learner_request_to_next_processor_count",
    "learner_request_processor_queue_size",
    "session_queues_drained",
    "pending_session_queue_size",
    "requests_in_session_queue",
    "reads_issued_from_session_queue",
    "reads_after_write_in_session_queue",
    "time_waiting_empty_pool_in_commit_processor_read_ms",
    "concurrent_request_processing_in_commit_processor",
    "commit_process_time",
    "commit_commit_proc_req_queued",
    "read_commit_proc_req_queued",
    "read_commit_proc_issued",
    "read_commitproc_time_ms",
    "read_final_proc_time_ms",
    "write_commit_proc_req_queued",
    "write_commit_proc_issued",
    "write_commitproc_time_ms",
    "write_final_proc_time_ms",
    "write_batch_time_in_commit_processor",
    "server_write_committed_time_ms",
    "local_write_committed_time_ms",
    "om_proposal_process_time_ms",
    "om_commit_process_time_ms",
    "inflight_snap_count",
    "inflight_diff_count",
    "node_created_watch_count",
    "node_deleted_watch_count",
    "node_changed_watch_count",
    "node_children_watch_count",
];
/// And families of such keys: one for each znode below the root, one for each learner.
const ABSENT_FAMILIES: [&str; 4] = [
    "_read_per_namespace",
    "_write_per_namespace",
    "_learner_handler_qp_size",
    "_learner_handler_qp_time_ms",
];

fn check_mntr(ours: &str, theirs: &str) -> Result<()> {
    let keys = |text: &str| -> Result<BTreeMap<String, String>> {
        text.lines()
            .map(|line| {
                let (key, value) = line.split_once('\t').with_context(|| line.to_owned())?;
                let value = if key == "zk_version" { "V".into() } else { form_of_line(value) };
                Ok((key.strip_prefix("zk_").context("no zk_")?.to_owned(), value))
            })
            .collect()
    };
    let (ours, theirs) = (keys(ours)?, keys(theirs)?);
    // A summary by its name alone; percentiles are not kept.
    let name = |key: &str| -> Option<String> {
        let (part, name) = key.split_once('_').unwrap_or(("", key));
        let is_summary = theirs.contains_key(&format!("cnt_{name}"));
        match part {
            "p50" | "p95" | "p99" | "p999" if is_summary => None,
            "avg" | "min" | "max" | "cnt" | "sum" if is_summary => Some(name.to_owned()),
            _ => Some(key.to_owned()),
        }
    };
    for (key, value) in &ours {
        ensure!(theirs.get(key) == Some(value), "{key}: {value}, not {:?}", theirs.get(key));
    }
    let mut absent = BTreeSet::new();
    for key in theirs.keys().filter(|key| !ours.contains_key(*key)) {
        let Some(name) = name(key) else { continue };
        if !ABSENT_FAMILIES.iter().any(|family| name.ends_with(family)) {
            absent.insert(name);
        }
    }
    let known: BTreeSet<String> = ABSENT.iter().map(|name| (*name).to_owned()).collect();
    ensure!(absent == known, "{:?}", absent.symmetric_difference(&known).collect::<Vec<_>>());
    Ok(())
}
