//! Protocols and ports of a rule of Calico (NP-41; projectcalico/api `lib/numorstring`).

use ringfort_model::Str;
use serde_json::Value;

use crate::policy::cni_rules::rules;
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::read::{Refused, refuse};
use crate::policy::rule::Ports;

/// The connections of a protocol, by name or number; those without ports have none.
pub(crate) fn protocol_set(value: &Value, path: &str) -> Result<ConnectionSet, Refused> {
    let protocol = match (value.as_str(), value.as_u64()) {
        (Some("ICMP" | "ICMPv6" | "UDPLite"), _) => return Ok(ConnectionSet::none()),
        (Some(name), _) => Protocol::from_name(&name.to_ascii_uppercase())
            .ok_or_else(|| refuse(path, format!("\"{name}\" is no protocol")))?,
        (_, Some(number)) if number == u64::from(rules().protocol_numbers[0]) => Protocol::Tcp,
        (_, Some(number)) if number == u64::from(rules().protocol_numbers[1]) => Protocol::Udp,
        (_, Some(number)) if number == u64::from(rules().protocol_numbers[2]) => Protocol::Sctp,
        (_, Some(number)) if (1..=255).contains(&number) => return Ok(ConnectionSet::none()),
        _ => return Err(refuse(path, "is no protocol")),
    };
    Ok(ConnectionSet::protocol(protocol))
}

/// `ports` and `notPorts` of the destination within the protocols of the rule.
pub(crate) fn destination_ports(
    wanted: Option<&[Value]>,
    not: Option<&[Value]>,
    set: &ConnectionSet,
    path: &str,
) -> Result<Ports, Refused> {
    let mut ports = Ports::fixed(set.clone());
    if let Some(wanted) = wanted {
        let (numbers, names) = numbers(wanted, &format!("{path}.ports"))?;
        ports.fixed = numbers.intersection(set);
        for protocol in Protocol::ALL {
            if !ConnectionSet::protocol(protocol).intersection(set).is_empty() {
                ports.named.extend(names.iter().map(|name| (name.clone(), Some(protocol))));
            }
        }
    }
    if let Some(not) = not {
        let (numbers, names) = numbers(not, &format!("{path}.notPorts"))?;
        if rules().switches.calico_not_ports_count {
            ports.fixed = ports.fixed.difference(&numbers);
        }
        if !names.is_empty() {
            return Err(refuse(format!("{path}.notPorts"), "names of ports are not modelled here"));
        }
    }
    Ok(ports)
}

/// Numbers, `FIRST:LAST` and names of ports, of every protocol.
fn numbers(ports: &[Value], path: &str) -> Result<(ConnectionSet, Vec<Str>), Refused> {
    let mut set = ConnectionSet::none();
    let mut names = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let wrong = || refuse(&*path, format!("{port} is no port"));
        let (first, last) = match (port.as_u64(), port.as_str()) {
            (Some(number), _) => (number, number),
            (_, Some(text)) => match text.split_once(':') {
                Some((first, last)) => {
                    (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?)
                }
                None => match text.parse() {
                    Ok(number) => (number, number),
                    Err(_) => {
                        names.push(Str::new(text));
                        continue;
                    }
                },
            },
            _ => return Err(wrong()),
        };
        let (Ok(first), Ok(last)) = (u16::try_from(first), u16::try_from(last)) else {
            return Err(wrong());
        };
        if first > last {
            return Err(wrong());
        }
        for protocol in Protocol::ALL {
            set = set.union(&ConnectionSet::ports(protocol, first, last));
        }
    }
    Ok((set, names))
}
