use super::*;
use tempfile::TempDir;

/// Parses with `myid` in a fresh data directory, which the text names as `@`.
fn parse(my_id: &str, text: &str) -> Result<Config, String> {
    let dir = TempDir::new().unwrap();
    if !my_id.is_empty() {
        fs::write(dir.path().join("myid"), my_id).unwrap();
    }
    let text = text.replace('@', &dir.path().display().to_string());
    Config::parse(Path::new("zoo.cfg"), &text).map_err(|error| error.to_string())
}

/// The file that comes with the distribution, as users leave it.
const SAMPLE: &str = "\
# The number of milliseconds of each tick
tickTime=2000
# The number of ticks that the initial
# synchronization phase can take
initLimit=10
syncLimit=5
dataDir=@
# the port at which the clients will connect
clientPort=2181
#maxClientCnxns=60
#autopurge.snapRetainCount=3
";

#[test]
fn the_sample_file_is_a_standalone_server() {
    let config = parse("", SAMPLE).unwrap();
    assert_eq!(config.mode, Mode::Standalone);
    assert_eq!(config.client, HostPort { host: "0.0.0.0".into(), port: 2181 });
    assert_eq!(config.data_dir, config.data_log_dir);
    assert_eq!(config.tick, Millis(2000));
    assert_eq!(
        (config.min_session_timeout, config.max_session_timeout),
        (Millis(4000), Millis(40_000))
    );
    assert_eq!((config.max_client_cnxns, config.snap_count), (60, 100_000));
    assert_eq!((config.pre_alloc_kb, config.autopurge.interval), (65_536, Millis(0)));
    assert_eq!(config.whitelist, Whitelist::Only(vec!["srvr".into()]));
    assert_eq!(config.warnings, []);
}

/// As the image of the Docker library writes it.
const DOCKER: &str = "\
dataDir=@
dataLogDir=/datalog
tickTime=2000
initLimit=5
syncLimit=2
autopurge.snapRetainCount=3
autopurge.purgeInterval=0
maxClientCnxns=60
standaloneEnabled=true
admin.enableServer=true
server.1=zoo1:2888:3888;2181
server.2=zoo2:2888:3888;2181
server.3=0.0.0.0:2888:3888;2181
4lw.commands.whitelist=srvr, mntr,ruok
";

#[test]
fn the_docker_file_is_an_ensemble() {
    let config = parse("3\n", DOCKER).unwrap();
    let Mode::Ensemble { my_id, peer_type, servers, .. } = &config.mode else {
        panic!("not an ensemble");
    };
    assert_eq!((*my_id, *peer_type, servers.len()), (Sid(3), PeerType::Participant, 3));
    assert_eq!(config.data_log_dir, Path::new("/datalog"));
    assert_eq!(config.client.to_string(), "0.0.0.0:2181");
    assert!(config.whitelist.allows("mntr") && !config.whitelist.allows("dump"));
    let what =
        "admin.enableServer=true has no effect: there is no AdminServer; use four-letter words";
    assert_eq!(config.warnings, [Warning { line: 10, what: what.into() }]);
    assert_eq!(
        config.configuration_text(),
        "server.1=zoo1:2888:3888:participant;0.0.0.0:2181\n\
         server.2=zoo2:2888:3888:participant;0.0.0.0:2181\n\
         server.3=0.0.0.0:2888:3888:participant;0.0.0.0:2181\nversion=0"
    );
}

const OBSERVER: &str = "\
tickTime = 1000
initLimit : 10
syncLimit 5
dataDir=@
clientPort=41804
clientPortAddress=[::1]
peerType=observer
preAllocSize=16
4lw.commands.whitelist=*
extendedTypesEnabled=true
server.1=127.0.0.1:41821:41841
server.2=127.0.0.1:41822:41842
server.3=127.0.0.1:41823:41843
server.4=[::1]:41824:41844:observer
snapshot.trust.empty=true
zookeeper.snapCount=10
some.other.key=1
";

#[test]
fn an_observer_with_its_own_addresses() {
    let config = parse("4", OBSERVER).unwrap();
    assert!(matches!(
        &config.mode,
        Mode::Ensemble { peer_type: PeerType::Observer, init_limit_ticks: 10, .. }
    ));
    assert_eq!(config.client.to_string(), "[::1]:41804");
    assert_eq!((config.pre_alloc_kb, config.snap_count), (16, 10));
    assert!(config.extended_types_enabled && config.whitelist.allows("stat"));
    assert!(config.configuration_text().contains("server.4=[::1]:41824:41844:observer\n"));
    assert!(config.trust_empty_snapshot);
    let what = "some.other.key is not known and ignored".into();
    assert_eq!(config.warnings, [Warning { line: 17, what }]);
}

#[test]
fn one_server_line_is_standalone_unless_that_is_switched_off() {
    let text = "dataDir=@\nserver.1=a:1:2;2181\ninitLimit=5\nsyncLimit=2\n";
    let config = parse("1", text).unwrap();
    assert_eq!((config.mode, config.client.port), (Mode::Standalone, 2181));
    assert_eq!(config.tick, Millis(3000), "Apache's default");
    let config = parse("1", &format!("{text}standaloneEnabled=false\n")).unwrap();
    assert!(matches!(config.mode, Mode::Ensemble { .. }));
}

#[test]
fn servers_may_be_in_the_dynamic_file() {
    let dir = TempDir::new().unwrap();
    let dynamic = dir.path().join("zoo.cfg.dynamic");
    fs::write(&dynamic, "server.1=a:1:2;3\nserver.2=b:1:2;3\nversion=0\n").unwrap();
    let text =
        format!("dataDir=@\ninitLimit=5\nsyncLimit=2\ndynamicConfigFile={}", dynamic.display());
    let config = parse("2", &text).unwrap();
    assert_eq!(config.client.port, 3);
    assert_eq!(config.warnings[0].what, "2 voters tolerate no more failures than 1");
    fs::write(&dynamic, "server.1=a:1:2;3\nserver.2=b:1\n").unwrap();
    let error = parse("2", &text).unwrap_err();
    assert!(error.contains("zoo.cfg.dynamic:2: "), "{error}");
}

#[test]
fn errors_name_the_file_and_the_line() {
    let ensemble = "server.1=a:1:2\nserver.2=b:1:2\ndataDir=@\nclientPort=1\n";
    let limits = "initLimit=1\nsyncLimit=1\n";
    for (text, expected) in [
        ("clientPort=1".to_owned(), "zoo.cfg: dataDir is not set"),
        ("dataDir=@".to_owned(), "zoo.cfg: clientPort is not set"),
        ("dataDir=@\n\ntickTime=0".to_owned(), "zoo.cfg:3: tickTime: 0 is below 1"),
        ("clientPort=99999".to_owned(), "zoo.cfg:1: clientPort: \"99999\" is not a port"),
        ("maxClientCnxns=many".to_owned(), "zoo.cfg:1: maxClientCnxns: \"many\" is not a number"),
        ("#\nserver.x=a:1:2".to_owned(), "zoo.cfg:2: server.x: \"x\" is not a server id"),
        (
            "server.255=a:1:2".to_owned(),
            "server.255: 255 is not a server id: they are from 0 to 254",
        ),
        ("server.-1=a:1:2".to_owned(), "server.-1: -1 is not a server id: they are from 0 to 254"),
        ("server.1=a:1".to_owned(), "zoo.cfg:1: server.1: \"a:1\" is not host:quorumPort"),
        ("electionAlg=0".to_owned(), "zoo.cfg:1: electionAlg: only election algorithm 3"),
        ("secureClientPort=1".to_owned(), "zoo.cfg:1: secureClientPort: 1 is not supported"),
        ("group.1=1:2".to_owned(), "zoo.cfg:1: group.1: hierarchical quorums"),
        ("leaderServes=maybe".to_owned(), "zoo.cfg:1: leaderServes: \"maybe\" is neither"),
        (
            "dataDir=@\nclientPort=1\nminSessionTimeout=9\nmaxSessionTimeout=8".to_owned(),
            "zoo.cfg: minSessionTimeout 9 is above maxSessionTimeout 8",
        ),
        (format!("{ensemble}syncLimit=1"), "zoo.cfg: initLimit must be set in an ensemble"),
        (format!("{ensemble}{limits}"), "no line server.7 for the id 7 in myid"),
        (
            format!("{ensemble}{limits}server.7=c:1:2;5"),
            "zoo.cfg:4: clientPort 1 differs from 0.0.0.0:5 in the server line",
        ),
        (
            "dataDir=@\nserver.1=a:1:2\nserver.2=a:1:2:observer".to_owned(),
            "observers need an ensemble that votes",
        ),
    ] {
        let error = parse("7", &text).unwrap_err();
        assert!(error.contains(expected), "{error}\n{expected}");
    }
}

#[test]
fn an_ensemble_needs_myid() {
    let text = "server.1=a:1:2\nserver.2=b:1:2\ndataDir=@\nclientPort=1\ninitLimit=1\nsyncLimit=1";
    assert!(parse("", text).unwrap_err().contains("myid: cannot be read"));
    assert!(parse("one", text).unwrap_err().contains("myid: \"one\" is not a server id"));
    // It would give out the sessions of server 1.
    assert!(parse("257", text).unwrap_err().contains("myid: 257 is not a server id"));
}

#[test]
fn purge_intervals_have_units() {
    for (text, ms) in [("1", 3_600_000), ("10m", 600_000), ("1d", 86_400_000), ("0", 0)] {
        let text = format!("dataDir=@\nclientPort=1\nautopurge.purgeInterval={text}");
        assert_eq!(parse("", &text).unwrap().autopurge.interval, Millis(ms));
    }
    let config = parse("", "dataDir=@\nclientPort=1\nautopurge.snapRetainCount=1").unwrap();
    assert_eq!((config.autopurge.retain, config.warnings.len()), (3, 1));
}

#[test]
fn what_is_not_supported_yet_is_warned_about_once_and_only_if_it_is_wanted() {
    let warned = |value: &str| {
        let text = format!("{SAMPLE}reconfigEnabled={value}\n");
        parse("", &text).unwrap().warnings.into_iter().map(|it| it.what).collect::<Vec<_>>()
    };
    assert_eq!(warned("true"), ["reconfigEnabled=true has no effect: it is not supported yet"]);
    assert!(warned("false").is_empty());
}

#[test]
fn a_file_without_an_end_is_no_configuration() {
    let text = "dataDir=@\nclientPort=1\ndynamicConfigFile=/dev/zero\n";
    assert!(parse("", text).unwrap_err().contains("too long for a configuration"));
}

#[test]
fn a_larger_jute_maxbuffer_is_taken_up_to_what_can_be_read() {
    let with =
        |value: &str| parse("", &format!("dataDir=@\nclientPort=2181\njute.maxbuffer={value}\n"));
    let default = parse("", SAMPLE).unwrap().frame_bytes_max;
    let set = with("8388608").unwrap();
    assert_eq!((default, set.frame_bytes_max, set.warnings), (0xf_ffff, 8_388_608, vec![]));
    for wrong in ["8388609", "10", "0xfffff"] {
        let error = with(wrong).unwrap_err();
        assert!(error.contains("jute.maxbuffer"), "{error}");
    }
}

/// The settings of a standalone server with these lines; what it warns about if they are taken.
fn with(lines: &str) -> Result<(Config, Vec<String>), String> {
    let config = parse("", &format!("dataDir=@\nclientPort=1\n{lines}\n"))?;
    let warnings = config.warnings.iter().map(|warning| warning.what.clone()).collect();
    Ok((config, warnings))
}

#[test]
fn what_would_weaken_security_if_it_were_ignored_is_refused() {
    for line in [
        "sessionRequireClientSASLAuth=true",
        "zookeeper.sessionRequireClientSASLAuth=true",
        "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
        "authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider",
        "ssl.keyStore.location=/k",
        "ssl.quorum.trustStore.password=p",
        "ssl.clientAuth=need",
        "quorum.auth.serverRequireSasl=true",
        "DigestAuthenticationProvider.digestAlg=SHA256",
        "DigestAuthenticationProvider.enabled=false",
        "audit.enable=true",
        "enforce.auth.enabled=true",
        "enforce.auth.schemes=digest,x509",
    ] {
        assert!(with(line).is_err(), "{line}");
    }
    for line in [
        "sessionRequireClientSASLAuth=false",
        "authProvider.1=org.apache.zookeeper.server.auth.DigestAuthenticationProvider",
        "ssl.hostnameVerification=false",
        "DigestAuthenticationProvider.digestAlg=SHA1",
        "audit.enable=false",
        "enforce.auth.enabled=false",
    ] {
        assert_eq!(with(line).unwrap().1, [""; 0], "{line}");
    }
}

#[test]
fn schemes_are_demanded_only_if_that_is_switched_on() {
    let (config, warnings) =
        with("enforce.auth.enabled=true\nenforce.auth.schemes=digest, ip").unwrap();
    assert_eq!((config.enforced_schemes, warnings.len()), (vec!["digest".into(), "ip".into()], 0));
    let (config, warnings) = with("enforce.auth.schemes=digest").unwrap();
    assert!(config.enforced_schemes.is_empty());
    assert!(warnings[0].contains("without enforce.auth.enabled"), "{warnings:?}");
}

#[test]
fn what_has_no_effect_is_told_once() {
    for line in [
        "readonlymode.enabled=true",
        "admin.serverPort=9090",
        "globalOutstandingLimit=50",
        "cnxTimeout=1000",
        "connectToLearnerMasterLimit=5",
        "digest.enabled=false",
        "commitLogCount=100000",
    ] {
        let warnings = with(line).unwrap().1;
        let (key, _) = line.split_once('=').unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains(key), "{line}: {warnings:?}");
    }
    let (config, warnings) = with(
        "digest.enabled=true\nreadonlymode.enabled=false\ncommitLogCount=100\n\
         clientPortListenBacklog=7",
    )
    .unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((config.commit_log_count, config.client_port_listen_backlog), (100, Some(7)));
}

#[test]
fn what_is_negative_switches_a_limit_off() {
    let (config, warnings) =
        with("maxClientCnxns=-1\nmaxCnxns=-1\nsnapSizeLimitInKb=-1\nautopurge.purgeInterval=-1")
            .unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((config.max_client_cnxns, config.max_cnxns, config.snap_size_limit_kb), (0, 0, 0));
    assert_eq!(config.autopurge.interval, Millis(0));
    assert!(with("maxClientCnxns=-many").is_err());
}

#[test]
fn a_byte_order_mark_belongs_to_no_key() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("zoo.cfg");
    fs::write(&file, "\u{feff}dataDir=/d\nclientPort=1\n").unwrap();
    assert_eq!(Config::load(&file).unwrap().data_dir, Path::new("/d"));
}
