//! The functions that exist, and since when (apiserver `pkg/cel/environment/base.go`).
//!
//! A policy that calls a function which its server does not know cannot be created there, so
//! such a policy on such a server comes from elsewhere and its outcome is unknown.

/// A library of functions and the first minor version whose expressions may use it.
struct Library {
    since: u32,
    functions: &'static [&'static str],
}

/// By name only: which values a function takes is found when it is called.
const LIBRARIES: &[Library] = &[
    // The standard library, and apiserver `pkg/cel/library`: urls, regex, lists. Before the
    // first version with policies, so never too new.
    Library {
        since: 0,
        functions: &[
            "size",
            "contains",
            "startsWith",
            "endsWith",
            "matches",
            "string",
            "bytes",
            "double",
            "int",
            "uint",
            "type",
            "dyn",
            "duration",
            "timestamp",
            "getFullYear",
            "getMonth",
            "getDayOfYear",
            "getDayOfMonth",
            "getDate",
            "getDayOfWeek",
            "getHours",
            "getMinutes",
            "getSeconds",
            "getMilliseconds",
            "url",
            "isURL",
            "getScheme",
            "getHost",
            "getHostname",
            "getPort",
            "getEscapedPath",
            "getQuery",
            "find",
            "findAll",
            "isSorted",
            "sum",
            "min",
            "max",
            "indexOf",
            "lastIndexOf",
            "charAt",
            "lowerAscii",
            "upperAscii",
            "replace",
            "split",
            "substring",
            "trim",
            "join",
            "authorizer",
        ],
    },
    Library {
        since: 28,
        functions: &[
            "quantity",
            "isQuantity",
            "isInteger",
            "asInteger",
            "asApproximateFloat",
            "sign",
            "add",
            "sub",
            "isGreaterThan",
            "isLessThan",
            "compareTo",
            "optional.none",
            "optional.of",
            "optional.ofNonZeroValue",
            "value",
            "hasValue",
            "or",
            "orValue",
            "optMap",
            "optFlatMap",
        ],
    },
    Library {
        since: 29,
        functions: &[
            "sets.contains",
            "sets.equivalent",
            "sets.intersects",
            "format",
            "strings.quote",
        ],
    },
    Library {
        since: 30,
        functions: &[
            "ip",
            "isIP",
            "ip.isCanonical",
            "family",
            "isLoopback",
            "isUnspecified",
            "isLinkLocalMulticast",
            "isLinkLocalUnicast",
            "isGlobalUnicast",
            "cidr",
            "isCIDR",
            "containsIP",
            "containsCIDR",
            "prefixLength",
            "masked",
        ],
    },
    Library {
        since: 31,
        functions: &[
            "format.dns1123Label",
            "format.dns1123Subdomain",
            "format.dns1035Label",
            "format.dns1035LabelPrefix",
            "format.dns1123LabelPrefix",
            "format.dns1123SubdomainPrefix",
            "format.qualifiedName",
            "format.labelValue",
            "format.uri",
            "format.uuid",
            "format.byte",
            "format.date",
            "format.datetime",
            "format.named",
            "validate",
        ],
    },
    Library { since: 32, functions: &["jsonpatch.escapeKey"] },
    Library { since: 33, functions: &["semver", "isSemver", "major", "minor", "patch"] },
];

/// The first minor version with the function; `None` if there is no such function, or none
/// that is modelled.
pub(super) fn since(name: &str) -> Option<u32> {
    let known = |library: &&Library| library.functions.contains(&name);
    LIBRARIES.iter().find(known).map(|library| library.since)
}

/// Names that begin a qualified function name.
pub(super) fn is_namespace(name: &str) -> bool {
    matches!(name, "optional" | "sets" | "ip" | "format" | "jsonpatch" | "strings")
}
