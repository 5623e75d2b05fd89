//! Stores of data, recognised by the name of their image, and whether they ask who calls.

use ringfort_attack::Why;
use ringfort_attack::recognise::known;
use ringfort_model::{Container, ContainerKind, Str, Unit};

/// A program that keeps data.
struct Program {
    /// Ends of image repositories.
    images: &'static [&'static str],
    port: u16,
    /// Words of the command line and names of variables that set up a login.
    login: &'static [&'static str],
    /// The same that leave it out.
    without: &'static [&'static str],
    /// Whether it asks for a login where neither is there; `None` where its image or a file
    /// decides.
    by_default: Option<bool>,
}

const PROGRAMS: &[Program] = &[
    Program {
        images: &["postgres", "postgresql", "postgis", "timescaledb"],
        port: 5432,
        login: &["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRESQL_PASSWORD"],
        without: &[],
        by_default: None,
    },
    Program {
        images: &["mysql", "mariadb", "percona"],
        port: 3306,
        login: &["MYSQL_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD_FILE", "MARIADB_ROOT_PASSWORD"],
        without: &["MYSQL_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"],
        by_default: None,
    },
    Program {
        images: &["mongo", "mongodb"],
        port: 27017,
        login: &["MONGO_INITDB_ROOT_USERNAME", "MONGODB_ROOT_PASSWORD", "--auth", "--keyFile"],
        without: &[],
        by_default: Some(false),
    },
    Program {
        images: &["redis", "valkey"],
        port: 6379,
        login: &["--requirepass", "--aclfile", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE"],
        without: &["ALLOW_EMPTY_PASSWORD"],
        by_default: Some(false),
    },
    Program {
        images: &["memcached"],
        port: 11211,
        login: &["-S", "--enable-sasl", "MEMCACHED_PASSWORD"],
        without: &[],
        by_default: Some(false),
    },
    Program {
        images: &["elasticsearch", "opensearch"],
        port: 9200,
        login: &["ELASTIC_PASSWORD", "OPENSEARCH_INITIAL_ADMIN_PASSWORD"],
        without: &["DISABLE_SECURITY_PLUGIN"],
        by_default: None,
    },
    Program {
        images: &["zookeeper"],
        port: 2181,
        login: &["ZOO_ENABLE_AUTH"],
        without: &[],
        by_default: Some(false),
    },
    Program {
        images: &["kafka", "cp-kafka"],
        port: 9092,
        login: &[],
        without: &[],
        by_default: None,
    },
    Program {
        images: &["rabbitmq"],
        port: 5672,
        login: &["RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD"],
        without: &[],
        by_default: None,
    },
    Program { images: &["nats"], port: 4222, login: &["--user"], without: &[], by_default: None },
    Program {
        images: &["cassandra", "scylla"],
        port: 9042,
        login: &[],
        without: &[],
        by_default: None,
    },
    Program {
        images: &["clickhouse-server", "clickhouse"],
        port: 8123,
        login: &["CLICKHOUSE_PASSWORD"],
        without: &[],
        by_default: None,
    },
    Program {
        images: &["minio/minio"],
        port: 9000,
        login: &["MINIO_ROOT_PASSWORD", "MINIO_ROOT_PASSWORD_FILE"],
        without: &[],
        by_default: None,
    },
    Program {
        images: &["couchdb"],
        port: 5984,
        login: &["COUCHDB_PASSWORD"],
        without: &[],
        by_default: None,
    },
    Program { images: &["influxdb"], port: 8086, login: &[], without: &[], by_default: None },
    Program { images: &["qdrant/qdrant"], port: 6333, login: &[], without: &[], by_default: None },
];

/// A store of data in a group of pods.
pub(crate) struct Store {
    /// The port of its protocol.
    pub(crate) port: u16,
    /// Whether it asks for a login, where that is known.
    pub(crate) asks: Option<bool>,
    /// The image, as a reason.
    pub(crate) why: Why,
}

/// The first store of data among a group's running containers.
pub(crate) fn store(at: u32, unit: &Unit) -> Option<Store> {
    unit.spec.all_containers().find_map(|(kind, index, container)| {
        if kind == ContainerKind::Init && !container.is_sidecar() {
            return None;
        }
        let is_one = |program: &&Program| known(&container.image, program.images).is_some();
        let program = PROGRAMS.iter().find(is_one)?;
        let path = Str::from(format!("{}[{index}].image", kind.field()));
        Some(Store {
            port: program.port,
            asks: asks(program, container),
            why: Why::PodField { unit: at, path, value: container.image.clone() },
        })
    })
}

/// Whether a program asks for a login, as far as arguments and variables show.
fn asks(program: &Program, container: &Container) -> Option<bool> {
    let words = || {
        let all = container.command.iter().chain(&container.args);
        all.flat_map(|word| word.split_whitespace())
    };
    let has = |names: &[&str]| {
        words().any(|word| names.contains(&word.split('=').next().unwrap_or(word)))
            || container.env.iter().any(|one| names.contains(&one.name.as_str()))
    };
    // A file of settings, or variables from elsewhere, may say either.
    let elsewhere = !container.env_from.is_empty()
        || words().any(|word| {
            word.ends_with(".conf") || word.ends_with(".yaml") || word.starts_with("--config")
        });
    if has(program.login) {
        Some(true)
    } else if has(program.without) {
        Some(false)
    } else if elsewhere {
        None
    } else {
        program.by_default
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(container: serde_json::Value) -> Option<bool> {
        let container: Container = serde_json::from_value(container).expect("a container");
        let is_one = |program: &&Program| known(&container.image, program.images).is_some();
        asks(PROGRAMS.iter().find(is_one).expect("a store"), &container)
    }

    #[test]
    fn a_login_is_known_by_what_sets_it_up() {
        assert_eq!(asked(json!({"image": "redis:7"})), Some(false));
        assert_eq!(
            asked(json!({"image": "redis:7", "args": ["--requirepass", "$(P)"]})),
            Some(true)
        );
        assert_eq!(asked(json!({"image": "redis:7", "args": ["/etc/redis.conf"]})), None);
        assert_eq!(asked(json!({"image": "bitnami/postgresql"})), None);
        let password = json!([{"name": "POSTGRES_PASSWORD"}]);
        assert_eq!(asked(json!({"image": "postgres:17", "env": password})), Some(true));
    }
}
