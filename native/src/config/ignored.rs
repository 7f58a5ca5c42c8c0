//! Keys of Apache that mean nothing here. What would weaken security if it were ignored is refused;
//! of the rest the operator is told.

/// Protections and other features that a server must not go without silently, with the value that
/// asks for nothing.
const REFUSED: [(&str, Option<&str>); 16] = [
    ("secureClientPort", None),
    ("secureClientPortAddress", None),
    ("sslQuorum", Some("false")),
    ("portUnification", Some("false")),
    ("client.portUnification", Some("false")),
    ("quorum.auth.enableSasl", Some("false")),
    ("quorum.auth.learnerRequireSasl", Some("false")),
    ("quorum.auth.serverRequireSasl", Some("false")),
    ("sessionRequireClientSASLAuth", Some("false")),
    ("requireClientAuthScheme", Some("none")),
    ("DigestAuthenticationProvider.enabled", Some("true")),
    ("DigestAuthenticationProvider.digestAlg", Some("SHA1")),
    ("audit.enable", Some("false")),
    ("multiAddress.enabled", Some("false")),
    ("oraclePath", None),
    ("observerMasterPort", None),
];

/// Keys that would change something in Apache's server, with the value that asks for nothing, and
/// what this server does.
const OTHERWISE: [(&str, Option<&str>, &str); 10] = [
    ("localSessionsEnabled", Some("false"), "it is not supported yet"),
    ("localSessionsUpgradingEnabled", Some("false"), "it is not supported yet"),
    ("reconfigEnabled", Some("false"), "it is not supported yet"),
    ("readonlymode.enabled", Some("false"), "a server without a quorum serves nobody"),
    ("admin.enableServer", Some("false"), "there is no AdminServer; use four-letter words"),
    ("admin.serverPort", None, "there is no AdminServer; use four-letter words"),
    ("globalOutstandingLimit", Some("1000"), "a server takes 1000 requests into its pipeline"),
    ("cnxTimeout", Some("5000"), "connections between servers get 5 s"),
    ("connectToLearnerMasterLimit", None, "initLimit holds for connecting too"),
    ("digest.enabled", Some("true"), "digests are written and checked always"),
];

/// Keys without effect whose values make no difference to an operator.
const WITHOUT_EFFECT: [&str; 9] = [
    "electionAlg",
    "syncEnabled",
    "flushDelay",
    "maxBatchSize",
    "maxWriteQueuePollTime",
    "admin.commandURL",
    "admin.idleTimeout",
    "metricsProvider.className",
    "tcpKeepAlive",
];

/// Providers that Apache's server has without being told.
const BUILT_IN: [&str; 2] = [
    "org.apache.zookeeper.server.auth.IPAuthenticationProvider",
    "org.apache.zookeeper.server.auth.DigestAuthenticationProvider",
];

/// What the operator is told of a key that is not used, if anything; an error if the server must
/// not start with it.
pub(super) fn judge(key: &str, value: &str) -> Result<Option<String>, String> {
    if key.starts_with("group.") || key.starts_with("weight.") {
        return Err("hierarchical quorums are not supported".into());
    }
    if key.starts_with("authProvider") {
        return match BUILT_IN.contains(&value) {
            true => Ok(None),
            false => Err(format!("{value} is not supported: clients authenticate by digest or ip")),
        };
    }
    let asks_for_nothing = |off: &str| value.eq_ignore_ascii_case(off);
    if key.starts_with("ssl.") {
        return match ["", "false", "none"].into_iter().any(asks_for_nothing) {
            true => Ok(None),
            false => Err("TLS is not supported by this server".into()),
        };
    }
    if let Some((_, off)) = REFUSED.iter().find(|(name, _)| *name == key) {
        return match off.is_some_and(asks_for_nothing) {
            true => Ok(None),
            false => Err(format!("{value} is not supported by this server")),
        };
    }
    if let Some((_, off, why)) = OTHERWISE.iter().find(|(name, ..)| *name == key) {
        let told = || format!("{key}={value} has no effect: {why}");
        return Ok((!off.is_some_and(asks_for_nothing)).then(told));
    }
    Ok(Some(match WITHOUT_EFFECT.contains(&key) {
        true => format!("{key} has no effect in this server"),
        false => format!("{key} is not known and ignored"),
    }))
}
