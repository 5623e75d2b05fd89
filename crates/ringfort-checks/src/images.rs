//! Stores of data, and whether they ask who calls. A store is recognised by the name of its image;
//! else by the port of its protocol, which a container declares or a Service leads to: where other
//! programs use the number too, the image's name must say the program as well. A program that hands
//! the protocol on keeps nothing.

use ringfort_attack::Why;
use ringfort_attack::recognise::{known, repository};
use ringfort_model::{Container, ContainerKind, EntityId, Str, Unit};
use ringfort_network::exposure::ListenerKind;

use crate::pods;
use crate::world::World;

/// A program that keeps data.
struct Program {
    /// Ends of image repositories.
    images: &'static [&'static str],
    port: u16,
    /// Whether nothing else commonly listens at that port.
    own_port: bool,
    /// Words of the command line and names of variables that set up a login.
    login: &'static [&'static str],
    /// The same that leave it out.
    without: &'static [&'static str],
    /// Settings that leave it out whatever else is set, with the value that does.
    open: &'static [(&'static str, &'static str)],
    /// Settings that name the addresses at which it listens.
    listen: &'static [&'static str],
    /// Whether it asks for a login where neither is there; `None` where its image or a file
    /// decides.
    by_default: Option<bool>,
}

const PROGRAMS: &[Program] = &[
    Program {
        images: &[
            "postgres",
            "postgresql",
            "postgresql-repmgr",
            "postgis",
            "pgvector",
            "timescaledb",
        ],
        port: 5432,
        own_port: true,
        login: &["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRESQL_PASSWORD"],
        without: &[],
        open: &[("POSTGRES_HOST_AUTH_METHOD", "trust")],
        listen: &["listen_addresses"],
        by_default: None,
    },
    Program {
        images: &[
            "mysql",
            "mysql-server",
            "mariadb",
            "mariadb-galera",
            "percona",
            "percona-server",
            "percona-xtradb-cluster",
        ],
        port: 3306,
        own_port: true,
        login: &["MYSQL_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD_FILE", "MARIADB_ROOT_PASSWORD"],
        without: &["MYSQL_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"],
        open: &[("--skip-grant-tables", "")],
        listen: &["--bind-address"],
        by_default: None,
    },
    Program {
        images: &[
            "mongo",
            "mongodb",
            "mongodb-sharded",
            "mongodb-community-server",
            "mongodb-enterprise-server",
            "percona-server-mongodb",
        ],
        port: 27017,
        own_port: true,
        login: &["MONGO_INITDB_ROOT_USERNAME", "MONGODB_ROOT_PASSWORD", "--auth", "--keyFile"],
        without: &[],
        open: &[],
        listen: &["--bind_ip"],
        by_default: Some(false),
    },
    Program {
        images: &["redis", "redis-cluster", "redis-stack-server", "valkey", "valkey-cluster"],
        port: 6379,
        own_port: true,
        login: &["--requirepass", "--aclfile", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE"],
        without: &["ALLOW_EMPTY_PASSWORD"],
        open: &[],
        listen: &["--bind"],
        by_default: Some(false),
    },
    Program {
        images: &["memcached"],
        port: 11211,
        own_port: true,
        login: &["-S", "--enable-sasl", "MEMCACHED_PASSWORD"],
        without: &[],
        open: &[],
        listen: &["-l", "--listen"],
        by_default: Some(false),
    },
    Program {
        images: &["elasticsearch", "opensearch"],
        port: 9200,
        own_port: true,
        login: &["ELASTIC_PASSWORD", "OPENSEARCH_INITIAL_ADMIN_PASSWORD"],
        without: &[],
        open: &[
            ("xpack.security.enabled", "false"),
            ("plugins.security.disabled", "true"),
            ("DISABLE_SECURITY_PLUGIN", "true"),
        ],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["zookeeper"],
        port: 2181,
        own_port: true,
        login: &["ZOO_ENABLE_AUTH"],
        without: &[],
        open: &[],
        listen: &[],
        by_default: Some(false),
    },
    Program {
        images: &["kafka", "cp-kafka"],
        port: 9092,
        own_port: false,
        login: &[],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["rabbitmq"],
        port: 5672,
        own_port: true,
        login: &["RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD"],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["nats"],
        port: 4222,
        own_port: true,
        login: &["--user"],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["cassandra", "scylla"],
        port: 9042,
        own_port: true,
        login: &[],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["clickhouse-server", "clickhouse"],
        port: 8123,
        own_port: false,
        login: &["CLICKHOUSE_PASSWORD"],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["minio/minio"],
        port: 9000,
        own_port: false,
        login: &["MINIO_ROOT_PASSWORD", "MINIO_ROOT_PASSWORD_FILE"],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["couchdb"],
        port: 5984,
        own_port: true,
        login: &["COUCHDB_PASSWORD"],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["influxdb"],
        port: 8086,
        own_port: false,
        login: &[],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
    Program {
        images: &["qdrant/qdrant"],
        port: 6333,
        own_port: false,
        login: &[],
        without: &[],
        open: &[],
        listen: &[],
        by_default: None,
    },
];

/// Words in the names of images of what hands the protocol of a store on: poolers, proxies and the
/// tunnels to stores that a cloud keeps.
const HANDS_ON: &[&str] = &[
    "balancer",
    "bouncer",
    "envoy",
    "haproxy",
    "maxscale",
    "mcrouter",
    "nginx",
    "nutcracker",
    "odyssey",
    "pgagroal",
    "pgbouncer",
    "pgcat",
    "pgpool",
    "pgpool2",
    "pooler",
    "predixy",
    "proxy",
    "proxysql",
    "proxyv2",
    "router",
    "socat",
    "stunnel",
    "supavisor",
    "toxiproxy",
    "traefik",
    "tunnel",
    "twemproxy",
];

/// A store of data in a group of pods.
pub(crate) struct Store {
    /// The port of its protocol.
    pub(crate) port: u16,
    /// Whether it asks for a login, where that is known.
    pub(crate) asks: Option<bool>,
    /// Whether it listens at addresses of its own pod only.
    pub(crate) local: bool,
    /// The image or the port that shows it, as a mark.
    pub(crate) why: Why,
}

/// The first store of data among a group's running containers.
pub(crate) fn store(world: &World<'_>, at: u32, unit: &Unit) -> Option<Store> {
    let running = unit.spec.all_containers();
    let running: Vec<_> = running
        .filter(|(kind, _, container)| *kind != ContainerKind::Init || container.is_sidecar())
        .collect();
    let shown = |kind: ContainerKind, index, path: &str, value: Str| {
        let path = Str::from(format!("{}[{index}].{path}", kind.field()));
        Why::PodField { unit: at, path, value }
    };
    let by_image = running.iter().find_map(|&(kind, index, container)| {
        let program = PROGRAMS.iter().find(|one| known(&container.image, one.images).is_some())?;
        Some(Store {
            port: program.port,
            asks: asks(program, container).or(program.by_default.filter(|_| !elsewhere(container))),
            local: is_local(program, container),
            why: shown(kind, index, "image", container.image.clone()).into_mark(),
        })
    });
    let by_port = || {
        let mut own = running.iter().filter(|(_, _, container)| !hands_on(&container.image));
        own.find_map(|&(kind, index, container)| {
            let all = container.ports.iter().enumerate();
            let mut all = all.filter(|(_, one)| matches!(one.protocol.as_str(), "" | "TCP"));
            all.find_map(|(port, one)| {
                let program = by_number(one.container_port?, &[container])?;
                let path = format!("ports[{port}].containerPort");
                let value = Str::from(program.port.to_string());
                let why = shown(kind, index, &path, value).into_mark();
                let (asks, local) = (asks(program, container), is_local(program, container));
                Some(Store { port: program.port, asks, local, why })
            })
        })
    };
    let by_service = || {
        let containers: Vec<&Container> = running.iter().map(|(_, _, one)| *one).collect();
        // Which container listens is not told: what hands on is there to do it.
        if containers.iter().any(|one| hands_on(&one.image)) {
            return None;
        }
        let fronts = world.context.fronts[at as usize].iter();
        let listeners = fronts.map(|&front| &world.context.exposure.listeners[front as usize]);
        let services = listeners
            .filter(|one| !matches!(one.kind, ListenerKind::HostPort | ListenerKind::HostNetwork));
        services.filter_map(|one| Some((one, one.service.as_ref()?))).find_map(|(one, service)| {
            let mut all = PROGRAMS.iter().filter(|program| is_meant(program, &containers));
            let program = all.find(|all| pods::leads_to_port(world, at, one, all.port))?;
            Some(Store {
                port: program.port,
                asks: match containers[..] {
                    [container] => asks(program, container),
                    _ => None,
                },
                local: matches!(containers[..], [container] if is_local(program, container)),
                why: Why::Field {
                    object: EntityId::Service(service.0.clone(), service.1.clone()),
                    path: "spec.ports".into(),
                    value: Str::from(program.port.to_string()),
                }
                .into_mark(),
            })
        })
    };
    by_image.or_else(by_port).or_else(by_service)
}

/// The program whose protocol has that port.
fn by_number(port: i64, containers: &[&Container]) -> Option<&'static Program> {
    PROGRAMS.iter().find(|one| i64::from(one.port) == port && is_meant(one, containers))
}

/// Whether an image is of a program that hands on what others keep.
fn hands_on(image: &str) -> bool {
    let name = repository(image).rsplit('/').next().unwrap_or_default();
    name.split(['-', '_', '.']).any(|word| HANDS_ON.contains(&word))
}

/// Whether a program is meant by its port: nothing else uses it, or an image is named after it.
fn is_meant(program: &Program, containers: &[&Container]) -> bool {
    program.own_port
        || containers.iter().any(|one| {
            let name = repository(&one.image).rsplit('/').next().unwrap_or_default();
            let mut words = name.split(['-', '_', '.']);
            let names = || program.images.iter().filter_map(|image| image.rsplit('/').next());
            words.any(|word| names().any(|name| name == word))
        })
}

/// Words of a container's command line.
fn words(container: &Container) -> impl Iterator<Item = &str> {
    let all = container.command.iter().chain(&container.args);
    all.flat_map(|word| word.split_whitespace())
}

/// Whether a file of settings, or variables from elsewhere, may say more than is shown.
fn elsewhere(container: &Container) -> bool {
    !container.env_from.is_empty()
        || words(container).any(|word| {
            word.ends_with(".conf") || word.ends_with(".yaml") || word.starts_with("--config")
        })
}

/// Whether a program asks for a login, as far as arguments and variables show. What a program does
/// without them is a matter of its image.
fn asks(program: &Program, container: &Container) -> Option<bool> {
    let has = |names: &[&str]| {
        words(container).any(|word| names.contains(&word.split('=').next().unwrap_or(word)))
            || container.env.iter().any(|one| names.contains(&one.name.as_str()))
    };
    if program.open.iter().any(|(name, value)| is_set(container, name, value)) {
        Some(false)
    } else if has(program.login) {
        Some(true)
    } else if has(program.without) {
        Some(false)
    } else {
        None
    }
}

/// Whether a variable, of several of one name the last, or a word `name=value` sets a value; a
/// flag without one is set by being there.
fn is_set(container: &Container, name: &str, value: &str) -> bool {
    let variable = container.env.iter().rev().find(|one| *one.name == *name);
    let held = variable.and_then(|one| one.value.as_deref());
    let word = words(container).filter_map(|word| {
        let word = word.strip_prefix("-E").unwrap_or(word);
        match word.strip_prefix(name)? {
            "" => Some(""),
            rest => rest.strip_prefix('='),
        }
    });
    held.into_iter().chain(word).any(|held| held == value)
}

/// Whether every address that a program is told to listen at is of the loopback network. Redis takes
/// several words, others a list; a `-` before an address lets it be missing.
fn is_local(program: &Program, container: &Container) -> bool {
    let words: Vec<&str> = words(container).collect();
    let mut addresses: Vec<&str> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(rest) = program.listen.iter().find_map(|name| word.strip_prefix(name)) else {
            continue;
        };
        match rest.strip_prefix('=') {
            Some(list) => addresses.extend(list.split(',')),
            None if rest.is_empty() => {
                let flag = |word: &&&str| {
                    let rest = word.strip_prefix('-').unwrap_or_default();
                    !rest.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic())
                };
                let after = words[at + 1..].iter().take_while(flag);
                addresses.extend(after.flat_map(|word| word.split(',')));
            }
            None => {}
        }
    }
    let local = |address: &&str| {
        let address = address.trim_start_matches('-').trim_matches(['"', '\'']);
        address == "localhost"
            || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    !addresses.is_empty() && addresses.iter().all(local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_attack::{Attack, Engines};
    use ringfort_model::{ClusterBuilder, Object, SourceKind};
    use serde_json::{Value, json};

    /// The store in a pod, and a Service in front of it that leads to a port.
    fn found(containers: &Value, leads_to: Option<u16>) -> Option<(u16, Option<bool>, String)> {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let meta = json!({"name": "p", "namespace": "a", "labels": {"app": "p"}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta,
            "spec": {"containers": containers, "nodeName": "n"}, "status": {"phase": "Running"}});
        let service = leads_to.map(|port| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
                "selector": {"app": "p"}, "ports": [{"port": 1, "targetPort": port}]}})
        });
        for object in [pod].into_iter().chain(service) {
            builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
        }
        let cluster = builder.freeze();
        let engines = Engines::new(&cluster);
        let attack = Attack::new(&cluster, &engines);
        let world = World::new(&attack);
        let found = store(&world, 0, &world.context.units[0])?;
        Some((found.port, found.asks, world.evidence(&found.why).field))
    }

    fn asked(container: &Value) -> Option<bool> {
        found(&json!([container]), None).expect("a store").1
    }

    #[test]
    fn what_hands_a_protocol_on_keeps_nothing() {
        let declares =
            |image: &str, port: u16| json!([{"image": image, "ports": [{"containerPort": port}]}]);
        for (image, port) in [
            ("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2", 5432),
            ("gcr.io/cloudsql-docker/gce-proxy:1", 3306),
            ("bitnami/pgbouncer", 5432),
            ("registry.example/team/crunchy-pgbouncer:1", 5432),
            ("acid/connection-pooler", 5432),
            ("haproxy:3.0", 3306),
            ("envoyproxy/envoy:v1.34", 6379),
            ("proxysql/proxysql", 3306),
            ("r.example/twemproxy", 11211),
            ("mcrouter/mcrouter", 11211),
            ("mysql/mysql-router", 3306),
        ] {
            assert_eq!(found(&declares(image, port), None), None, "{image}");
            assert_eq!(found(&json!([{"image": image}]), Some(port)), None, "{image}");
        }
        let own = found(&declares("registry.example/shop/warehouse:1", 5432), None);
        assert_eq!(own.map(|(port, ..)| port), Some(5432));
        // A store beside it is one.
        let both = json!([{"image": "envoyproxy/envoy"}, {"image": "redis:7"}]);
        assert_eq!(found(&both, Some(6379)).map(|(port, ..)| port), Some(6379));
        let both = json!([{"image": "haproxy"},
            {"image": "shop/warehouse", "ports": [{"containerPort": 5432}]}]);
        assert_eq!(found(&both, None).map(|(port, ..)| port), Some(5432));
    }

    #[test]
    fn a_login_is_known_by_what_sets_it_up() {
        assert_eq!(asked(&json!({"image": "redis:7"})), Some(false));
        assert_eq!(
            asked(&json!({"image": "redis:7", "args": ["--requirepass", "$(P)"]})),
            Some(true)
        );
        assert_eq!(asked(&json!({"image": "redis:7", "args": ["/etc/redis.conf"]})), None);
        assert_eq!(asked(&json!({"image": "bitnami/postgresql"})), None);
        let password = json!([{"name": "POSTGRES_PASSWORD"}]);
        assert_eq!(asked(&json!({"image": "postgres:17", "env": password})), Some(true));
        // What an image that is not known does without a setting is not known either.
        let ports = json!([{"containerPort": 6379}]);
        assert_eq!(asked(&json!({"image": "r.example/cache:1", "ports": ports})), None);
    }

    #[test]
    fn what_lets_everybody_in_goes_before_a_password() {
        let env = |image: &str, name: &str, value: &str| {
            asked(&json!({"image": image, "env": [
                {"name": "POSTGRES_PASSWORD", "value": "x"},
                {"name": "ELASTIC_PASSWORD", "value": "x"},
                {"name": name, "value": value}]}))
        };
        let method = "POSTGRES_HOST_AUTH_METHOD";
        assert_eq!(env("postgres:16", method, "trust"), Some(false));
        assert_eq!(env("postgres:16", method, "scram-sha-256"), Some(true));
        let alone = json!([{"name": method, "value": "trust"}]);
        assert_eq!(asked(&json!({"image": "postgres:16", "env": alone})), Some(false));
        assert_eq!(env("elasticsearch:8", "xpack.security.enabled", "false"), Some(false));
        assert_eq!(env("elasticsearch:8", "xpack.security.enabled", "true"), Some(true));
        let args = json!(["-Expack.security.enabled=false"]);
        assert_eq!(asked(&json!({"image": "elasticsearch:8", "args": args})), Some(false));
        assert_eq!(env("opensearch:2", "DISABLE_SECURITY_PLUGIN", "false"), Some(true));
    }

    #[test]
    fn a_store_at_loopback_is_local() {
        let local = |image: &str, words: &[&str]| {
            let container = json!({"image": image, "args": words});
            let container: Container = serde_json::from_value(container).expect("a container");
            let program = PROGRAMS.iter().find(|one| known(image, one.images).is_some());
            is_local(program.expect("a store"), &container)
        };
        assert!(local("redis:7", &["redis-server", "--bind", "127.0.0.1", "-::1"]));
        assert!(local("redis:7", &["redis-server --bind 127.0.0.1 --port 1"]));
        assert!(!local("redis:7", &["--bind", "127.0.0.1", "10.0.0.1"]));
        assert!(!local("redis:7", &["--bind", "*"]) && !local("redis:7", &["--port", "127"]));
        assert!(local("memcached", &["-l", "127.0.0.1", "-p", "11211"]));
        assert!(!local("memcached", &["-l", "127.0.0.1", "-l", "0.0.0.0"]));
        assert!(local("mongo:7", &["--bind_ip=localhost,::1"]));
        assert!(!local("mongo:7", &["--bind_ip_all"]));
        assert!(local("postgres:16", &["-c", "listen_addresses=localhost"]));
    }

    #[test]
    fn a_store_is_known_by_its_image_or_by_its_port() {
        let port = |image: &str, ports: &[i64], protocol: &str| {
            let ports: Vec<Value> = ports
                .iter()
                .map(|port| json!({"containerPort": port, "protocol": protocol}))
                .collect();
            found(&json!([{"image": image, "ports": ports}]), None).map(|(port, _, at)| (port, at))
        };
        let by_image = |port| Some((port, "spec.containers[0].image".to_owned()));
        let by_port =
            |port, at| Some((port, format!("spec.containers[0].ports[{at}].containerPort")));
        assert_eq!(port("bitnami/redis-cluster:7", &[], "TCP"), by_image(6379));
        assert_eq!(port("r.example/catalogue-db:0.3", &[3306], "TCP"), by_port(3306, 0));
        assert_eq!(port("r.example/user-db", &[80, 27017], ""), by_port(27017, 1));
        assert_eq!(port("r.example/our-mysql:8", &[3306], "TCP"), by_port(3306, 0));
        assert_eq!(port("r.example/our-mysql:8", &[3306], "UDP"), None);
        // 9000 is a port of many; a name alone may be that of a tool for the program.
        assert_eq!(port("r.example/web:1", &[9000], "TCP"), None);
        assert_eq!(port("r.example/our-minio:1", &[9000], "TCP"), by_port(9000, 0));
        assert_eq!(port("r.example/mysql-exporter:1", &[9104], "TCP"), None);
        assert_eq!(port("r.example/mysql-backup:1", &[], "TCP"), None);
    }

    #[test]
    fn a_service_shows_the_port_that_no_container_declares() {
        let alone = json!([{"image": "r.example/user-db"}]);
        assert_eq!(found(&alone, None), None);
        assert_eq!(found(&alone, Some(8080)), None);
        assert_eq!(found(&alone, Some(5432)), Some((5432, None, "spec.ports".to_owned())));
        let kafka = json!([{"image": "r.example/our-kafka"}, {"image": "x"}]);
        assert_eq!(found(&kafka, Some(9092)), Some((9092, None, "spec.ports".to_owned())));
    }
}
