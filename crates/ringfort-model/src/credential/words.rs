//! Credentials in the words of a command line: in flags, behind the short flags of programs that take
//! a password, and in scripts.

use super::{Finder, assigned, first, names};

/// Programs that take a password with a short flag: names, the flag, whether the value may stand in
/// the same word, whether in the next, and whether it is `user:password`. From their manuals.
const CLIENTS: &[(&[&str], &str, bool, bool, bool)] = &[
    (MYSQL, "-p", true, false, false),
    (&["sshpass"], "-p", true, true, false),
    (&["redis-cli"], "-a", false, true, false),
    (&["mongo", "mongosh", "mongodump", "mongorestore"], "-p", true, true, false),
    (&["ldapsearch", "ldapadd", "ldapmodify", "ldappasswd"], "-w", true, true, false),
    (&["sqlcmd", "bcp"], "-P", true, true, false),
    // `docker login` and what is modelled on it.
    (&["login"], "-p", false, true, false),
    (&["curl"], "-u", true, true, true),
    (&["curl"], "--user", false, true, true),
];

const MYSQL: &[&str] = &[
    "mysql",
    "mysqladmin",
    "mysqldump",
    "mysqlimport",
    "mysqlcheck",
    "mariadb",
    "mariadb-admin",
    "mariadb-dump",
];

/// The class of credential in each word of a command line, where there is one.
pub(crate) fn classes(words: &[&str]) -> Vec<Option<&'static str>> {
    let mut found: Vec<Option<&'static str>> = words.iter().map(|word| of_word(word)).collect();
    flags(words, &mut |at, class| {
        found[at].get_or_insert(class);
    });
    found
}

/// The class of a word by itself: by its format, or as a script.
fn of_word(word: &str) -> Option<&'static str> {
    let mut finder = Finder::default();
    finder.entry("", word);
    let mut classes = finder.classes();
    assigned::each(word, &mut |class| classes.push(class));
    if word.contains(char::is_whitespace) {
        // A new line ends a command, unless it is escaped.
        for line in word.replace("\\\n", " ").lines() {
            let parts: Vec<&str> = line.split_whitespace().collect();
            flags(&parts, &mut |_, class| classes.push(class));
        }
    }
    first(&classes)
}

/// Calls `found` with the place of each word that is the value of a flag before it, or that holds that
/// of a program's short flag, and its class.
fn flags(words: &[&str], found: &mut dyn FnMut(usize, &'static str)) {
    let mut program = "";
    for (at, whole) in words.iter().enumerate() {
        let word = bare(whole);
        let name = word.rsplit('/').next().unwrap_or(word);
        if !word.starts_with('-') && CLIENTS.iter().any(|(names, ..)| names.contains(&name)) {
            program = name;
        }
        let next = words.get(at + 1).map(|next| bare(next)).filter(|next| !next.starts_with('-'));
        if word.starts_with('-') && !word.contains('=') {
            let name = word.trim_start_matches('-');
            if let Some(class) = next.and_then(|value| names::written(name, value)) {
                found(at + 1, class);
            }
        }
        for (_, short, joined, apart, pair) in CLIENTS.iter().filter(|one| one.0.contains(&program))
        {
            let class = |value: &str| {
                let password =
                    if *pair { value.split_once(':').map_or("", |(_, it)| it) } else { value };
                names::written("password", password)
            };
            match word.strip_prefix(short) {
                Some("") if *apart => {
                    if let Some(class) = next.and_then(class) {
                        found(at + 1, class);
                    }
                }
                Some(value) if *joined => {
                    if let Some(class) = class(value) {
                        found(at, class);
                    }
                }
                _ => {}
            }
        }
        if whole.ends_with([';', '|', '&']) {
            program = "";
        }
    }
}

/// A word without the quotes and signs of a shell around it.
fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ';', '`'])
}

#[cfg(test)]
mod tests {
    use super::super::{ADDRESS, AWS_KEY, NAMED};
    use super::*;

    fn at(words: &[&str]) -> Vec<(usize, &'static str)> {
        let found = classes(words).into_iter().enumerate();
        found.filter_map(|(at, class)| Some((at, class?))).collect()
    }

    #[test]
    fn values_are_found_in_flags_and_scripts() {
        let key = format!("--aws-key={}{}", "AKIA", "QWERTYUIOPASDFGH");
        assert_eq!(at(&["app", &key]), [(1, AWS_KEY)]);
        assert_eq!(at(&["app", "--password=hunter2-Zq81"]), [(1, NAMED)]);
        assert_eq!(at(&["app", "--db-password", "hunter2-Zq81", "-v"]), [(2, NAMED)]);
        assert_eq!(at(&["java", "-Djavax.net.ssl.trustStorePassword=s3cr3t"]), [(1, NAMED)]);
        assert_eq!(at(&["sh", "-c", "mysql -h db -psecretPw8291 < x.sql"]), [(2, NAMED)]);
        assert_eq!(at(&["mysqldump", "-psecretPw8291"]), [(1, NAMED)]);
        assert_eq!(at(&["sh", "-c", "mysql -h db \\\n  -psecretPw8291"]), [(2, NAMED)]);
        assert_eq!(at(&["sh", "-c", "PGPASSWORD=hunter2 psql -h db"]), [(2, NAMED)]);
        assert_eq!(at(&["env", "DB_PASSWORD=hunter2", "app"]), [(1, NAMED)]);
        assert_eq!(at(&["curl", "-u", "ann:hunter2", "https://x"]), [(2, NAMED)]);
        assert_eq!(at(&["redis-cli", "-a", "hunter2", "ping"]), [(2, NAMED)]);
        assert_eq!(at(&["app", "--db=postgres://u:hunter2@db/x"]), [(1, ADDRESS)]);
        assert_eq!(at(&["sh", "-c", "set -e\nexport PASSWORD='hunter2'\nrun"]), [(2, NAMED)]);
    }

    #[test]
    fn references_and_other_flags_give_nothing() {
        for words in [
            &["app", "--password=$(DB_PASSWORD)"][..],
            &["app", "--password", "--verbose"],
            &["app", "--password-file=/run/pw", "--token-ttl=5m"],
            &["app", "--webhook-secret=webhook-cert", "--tls-secret", "ns/web"],
            &["app", "-psecretPw8291"],
            &["mysql", "-p", "database"],
            &["mysqld", "-psecretPw8291"],
            &["sh", "-c", "mysql -p$MYSQL_PASSWORD; app -psecretPw8291"],
            &["curl", "-u", "$USER:$PASSWORD"],
            &["docker", "run", "-p", "8080:80"],
            &["sh", "-c", "mongodump --out dump\nmkdir -p backup/today2"],
            &["app", "--password", "file-provider"],
        ] {
            assert_eq!(at(words), [], "{words:?}");
        }
    }
}
