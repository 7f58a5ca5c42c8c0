//! `zabscope cluster` and `zabscope cli`, as a person uses them.

mod support;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::clients::same_trees;
use support::{Ensemble, QUICK, eventually};
use zabscope_tests::given;

fn cli(hosts: &str, words: &[&str]) -> Result<Output> {
    let mut command = Command::new(given("ZABSCOPE_BIN")?);
    command.args(["cli", "--server", hosts]).args(words).env("RUST_LOG", "warn");
    Ok(command.output()?)
}

/// Standard output of a command that must succeed.
fn said(hosts: &str, words: &[&str]) -> Result<String> {
    let output = cli(hosts, words)?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{words:?}: {} {errors}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Standard error of a command that must fail with status 1.
fn refused(hosts: &str, words: &[&str]) -> Result<String> {
    let output = cli(hosts, words)?;
    ensure!(output.status.code() == Some(1), "{words:?}: {}", output.status);
    Ok(String::from_utf8(output.stderr)?)
}

fn stop(child: &mut Child) -> Result<bool> {
    signal(child, Signal::TERM)?;
    Ok(child.wait()?.success())
}

fn signal(child: &Child, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(child.id())?).context("no process id")?;
    Ok(kill_process(pid, signal)?)
}

#[test]
fn commands_of_the_cli_and_what_they_say() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let hosts = ensemble.all_hosts().join(",");
    ensure!(said(&hosts, &["create", "/a", "one two"])? == "Created /a\n");
    ensure!(said(&hosts, &["create", "-s", "/a/q-", ""])? == "Created /a/q-0000000000\n");
    ensure!(said(&hosts, &["get", "/a"])? == "one two\n");
    let stat = said(&hosts, &["get", "-s", "/a"])?;
    ensure!(
        stat.starts_with("one two\ncZxid = 0x1") && stat.ends_with("numChildren = 1\n"),
        "{stat}"
    );
    ensure!(said(&hosts, &["set", "-v", "0", "/a", "-x"])?.is_empty());
    ensure!(said(&hosts, &["ls", "/"])? == "[a, zookeeper]\n");
    ensure!(said(&hosts, &["ls", "-R", "/a"])? == "/a\n/a/q-0000000000\n");
    ensure!(said(&hosts, &["stat", "/a"])?.contains("\ndataVersion = 1\n"));
    ensure!(said(&hosts, &["getAcl", "/a"])? == "'world,'anyone\n: cdrwa\n");
    ensure!(said(&hosts, &["sync", "/"])? == "Sync is OK\n");
    ensure!(said(&format!("{hosts}/a"), &["ls", "/"])? == "[q-0000000000]\n");
    for (words, part) in [
        (&["get", "/none"][..], "Node does not exist: /none"),
        (&["create", "/a"], "Node already exists: /a"),
        (&["set", "-v", "7", "/a", "x"], "version No is not valid : /a"),
        (&["delete", "/a"], "Node not empty: /a"),
        (&["multi", "create /b 1", "delete /none"], "nothing was done"),
        (&["frob"], "no command"),
        (&["get"], "usage: get"),
    ] {
        let text = refused(&hosts, words)?;
        ensure!(text.contains(part), "{words:?}: {text}");
    }
    // A dead server in the list is passed over.
    ensemble.kill(1)?;
    ensemble.wait_for_leader()?;
    ensure!(said(&hosts, &["get", "/a"])? == "-x\n");
    ensure!(said(&hosts, &["deleteall", "/a"])?.is_empty());
    ensure!(said(&hosts, &["ls", "/"])? == "[zookeeper]\n");
    Ok(())
}

#[test]
fn lines_from_a_file_share_a_session_and_its_events() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let mut child = Command::new(given("ZABSCOPE_BIN")?)
        .args(["cli", "--server", &ensemble.all_hosts().join(",")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let lines =
        "create -e /e here\nget -w /e\nset /e \"and there\"\nget /e\nhistory\nquit\nget /no\n";
    child.stdin.take().context("stdin")?.write_all(lines.as_bytes())?;
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{text}");
    for part in [
        "Created /e\nhere\n",
        "WatchedEvent state:SyncConnected type:NodeDataChanged path:/e\n",
        "and there\n",
        "1 - get -w /e\n",
    ] {
        ensure!(text.contains(part), "{part:?} is not in {text}");
    }
    Ok(())
}

#[test]
fn a_lock_is_held_by_one_and_its_command_decides_the_status() -> Result<()> {
    let ensemble = Ensemble::start(3, QUICK)?;
    let hosts = ensemble.all_hosts().join(",");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("inside");
    // Fails if another one is inside.
    let script = format!("mkdir {0} && sleep 0.3 && rmdir {0}", file.display());
    let started: Vec<Child> = (0..4)
        .map(|_| {
            let mut command = Command::new(given("ZABSCOPE_BIN")?);
            command.args(["cli", "--server", &hosts, "lock", "/lock", "--", "sh", "-c", &script]);
            Ok(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
        })
        .collect::<Result<_>>()?;
    for child in started {
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success() && text.starts_with("Locked /lock"), "{text}");
    }
    let output = cli(&hosts, &["lock", "/lock", "--", "sh", "-c", "exit 7"])?;
    ensure!(output.status.code() == Some(7), "{}", output.status);
    ensure!(said(&hosts, &["ls", "/lock"])? == "[]\n");
    Ok(())
}

#[test]
fn the_next_candidate_leads_when_the_first_is_killed() -> Result<()> {
    let ensemble = Ensemble::start(3, QUICK)?;
    let hosts = ensemble.all_hosts().join(",");
    let folder = tempfile::tempdir()?;
    let start = |name: &str| -> Result<Child> {
        let mut command = Command::new(given("ZABSCOPE_BIN")?);
        command.args(["cli", "--server", &hosts, "--timeout", "2000", "elect", "/office", name]);
        Ok(command.stdout(fs::File::create(folder.path().join(name))?).spawn()?)
    };
    let shows = |name: &str, part: &str| {
        let path = folder.path().join(name);
        eventually(part, || Ok(fs::read_to_string(&path)?.contains(part).then_some(())))
    };
    let mut first = start("first")?;
    shows("first", "Elected")?;
    let mut second = start("second")?;
    shows("second", "Waiting")?;
    first.kill()?;
    first.wait()?;
    shows("second", "Elected")?;
    ensure!(stop(&mut second)?, "a candidate that is told to stop resigns");
    ensure!(said(&hosts, &["ls", "/office"])? == "[]\n");
    Ok(())
}

// --- cluster -----------------------------------------------------------------------------

/// The first of a row of ports that are free, as far as the ensemble needs them.
fn free_ports(count: u16) -> Result<u16> {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let mut bases = (20_000..45_000)
        .step_by(17)
        .map(|port| port + u16::try_from(std::process::id() % 16).unwrap_or(0));
    bases
        .find(|base| (*base..base + count).all(|at| free(at) && free(at + 707) && free(at + 1707)))
        .context("no free ports")
}

fn start_cluster(dir: &Path, port: u16, more: &[&str]) -> Result<Child> {
    let mut command = Command::new(given("ZABSCOPE_BIN")?);
    command.args(["cluster", "--client-port", &port.to_string(), "--dir"]).arg(dir).args(more);
    let output = fs::File::create(dir.with_extension("out"))?;
    Ok(command.stderr(output.try_clone()?).stdout(output).spawn()?)
}

fn wait_for_line(dir: &Path, part: &str) -> Result<()> {
    let path = dir.with_extension("out");
    eventually(part, || Ok(fs::read_to_string(&path)?.contains(part).then_some(())))
}

#[test]
fn one_command_starts_an_ensemble_that_keeps_its_data() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("zab");
    let port = free_ports(3)?;
    let hosts = format!("127.0.0.1:{port},127.0.0.1:{},127.0.0.1:{}", port + 1, port + 2);
    let mut cluster = start_cluster(&dir, port, &[])?;
    wait_for_line(&dir, &format!("connect string: {hosts}"))?;
    wait_for_line(&dir, " leads, epoch 1")?;
    ensure!(said(&hosts, &["create", "/kept", "1"])? == "Created /kept\n");
    // A second one is refused, and says why.
    let other = folder.path().join("other");
    let mut second = start_cluster(&other, port, &[])?;
    ensure!(!second.wait()?.success());
    wait_for_line(&other, &format!("port {port}, client port of server 1, cannot be used"))?;
    ensure!(stop(&mut cluster)?, "the end of the cluster");
    ensure!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "a server still runs");
    let mut cluster = start_cluster(&dir, port, &[])?;
    wait_for_line(&dir, " leads, epoch 2")?;
    ensure!(said(&hosts, &["get", "/kept"])? == "1\n");
    ensure!(stop(&mut cluster)?);
    let mut larger = start_cluster(&dir, port, &["--servers", "5"])?;
    ensure!(!larger.wait()?.success());
    wait_for_line(&dir, "holds an ensemble of 3 servers and 0 observers")
}

#[test]
fn the_servers_end_with_a_cluster_that_is_killed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("zab");
    let port = free_ports(4)?;
    let mut cluster = start_cluster(&dir, port, &["--observers", "1"])?;
    wait_for_line(&dir, "observing: 4")?;
    cluster.kill()?;
    cluster.wait()?;
    let started = Instant::now();
    eventually("the end of all servers", || {
        let runs = |at: u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port + at)).is_ok();
        Ok((!(0..4).any(runs)).then_some(()))
    })?;
    ensure!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    Ok(())
}

#[test]
fn a_server_that_dies_is_told_of_and_started_again_by_what_is_printed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("a dear friend's");
    let mut cluster = start_cluster(&dir, free_ports(3)?, &[])?;
    wait_for_line(&dir, " leads, epoch 1")?;
    let text = fs::read_to_string(dir.with_extension("out"))?;
    let line = text.lines().find(|line| line.starts_with("server 3:")).context("server 3")?;
    let pid = line.split("process ").nth(1).and_then(|rest| rest.split(',').next());
    let pid = Pid::from_raw(pid.context("a process id")?.parse()?).context("a process id")?;
    kill_process(pid, Signal::KILL)?;
    wait_for_line(&dir, "server 3 has ended: signal 9")?;
    wait_for_line(&dir, " leads, epoch 2")?;
    // It is not started again by itself.
    sleep(Duration::from_millis(500));
    wait_for_line(&dir, "not serving: 3")?;
    let text = fs::read_to_string(dir.with_extension("out"))?;
    let pasted = text.lines().find_map(|line| line.split_once("start it again: "));
    let pasted = format!("exec {}", pasted.context("how to start it again")?.1);
    let mut shell = Command::new("sh");
    let mut again = shell.args(["-c", &pasted]).stderr(Stdio::null()).spawn()?;
    eventually("server 3 follows", || {
        let text = fs::read_to_string(dir.with_extension("out"))?;
        Ok(text.lines().next_back().is_some_and(|line| line.ends_with(", 3")).then_some(()))
    })?;
    ensure!(stop(&mut again)?);
    ensure!(stop(&mut cluster)?);
    Ok(())
}

#[test]
fn one_server_alone_is_standalone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("zab");
    let port = free_ports(1)?;
    let mut cluster = start_cluster(&dir, port, &["--servers", "1"])?;
    wait_for_line(&dir, "server 1 serves alone")?;
    ensure!(said(&format!("127.0.0.1:{port}"), &["ls", "/"])? == "[zookeeper]\n");
    ensure!(stop(&mut cluster)?);
    Ok(())
}

fn cut_log(ensemble: &Ensemble, sid: u8, flags: &[&str]) -> Result<String> {
    let mut command = Command::new(given("ZABSCOPE_BIN")?);
    command.arg("cut-log").arg("--config").arg(ensemble.folder(sid).join("zoo.cfg")).args(flags);
    let output = command.output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8(text)?)
}

#[test]
fn a_server_with_a_torn_batch_comes_back_by_a_command() -> Result<()> {
    const PAGE: usize = 4096;
    let mut ensemble = Ensemble::start(3, QUICK)?;
    // Who follows late has a snapshot, and no log yet.
    ensemble.wait_until_equal()?;
    let hosts = ensemble.all_hosts().join(",");
    let data = "x".repeat(3000);
    for number in 0..8 {
        said(&hosts, &["create", &format!("/n{number}"), &data])?;
    }
    let leader = ensemble.wait_for_leader()?;
    ensemble.wait_until_equal()?;
    let torn = *ensemble.sids().iter().find(|sid| **sid != leader).context("a follower")?;
    ensure!(cut_log(&ensemble, torn, &[])?.contains("in use by another server"), "it runs");
    ensemble.kill(torn)?;
    ensure!(cut_log(&ensemble, torn, &[])?.contains("nothing to cut"), "the log is whole");
    let names = fs::read_dir(ensemble.data(torn).join("version-2"))?;
    let mut logs: Vec<_> = names.flatten().map(|file| file.path()).collect();
    logs.retain(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log."))
    });
    logs.sort();
    let last = logs.last().context("no log")?;
    let mut bytes = fs::read(last)?;
    bytes[2 * PAGE..3 * PAGE].fill(0);
    fs::write(last, &bytes)?;

    ensemble.run(torn)?;
    eventually("its refusal", || {
        Ok(ensemble.log(torn).contains("zabscope cut-log").then_some(()))
    })?;
    eventually("its end", || Ok((ensemble.check_alive().is_err()).then_some(())))?;
    let shown = cut_log(&ensemble, torn, &[])?;
    ensure!(shown.contains("transactions are whole") && shown.contains("--confirm"), "{shown}");
    ensure!(fs::read(last)? == bytes, "looking has changed the file");
    let done = cut_log(&ensemble, torn, &["--confirm"])?;
    ensure!(done.contains("Cut.") && done.contains(".cut"), "{done}");
    ensemble.run(torn)?;
    ensemble.wait_until_equal()?;
    let tree = same_trees(&ensemble)?;
    ensure!((0..8).all(|number| tree.contains_key(&*format!("/n{number}"))), "{:?}", tree.keys());
    ensemble.check_alive()
}
