//! RF-EXP-001: node port reachable from outside.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::exposure::{Backends, ListenerKind, ObjectRef};

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-001",
    title: "Node port reachable from outside",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0256", "MS-TA9005"],
    reads: &[Kind::Service, Kind::Node],
    doc: Doc {
        why: "Every node opens the port, past whatever stands in front of the cluster.",
        fails: "A node port of the Service is open on a public address of a node whose provider puts no firewall in front by default. Source ranges of a load balancer do not bind the node port.",
        not: "Nodes with private addresses only; node ports that kube-proxy binds to such; a Service behind which nothing is.",
        unknown: "The addresses of the nodes, or the firewall in front of public ones.",
        fix: "Use type ClusterIP behind a route, set allocateLoadBalancerNodePorts to false, or close the ports in the firewall.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let listeners = world.context.exposure.listeners.iter();
    for listener in listeners.filter(|one| one.kind == ListenerKind::NodePort) {
        let (own, verdict) = (&listener.object, &listener.verdict);
        // kube-proxy answers at the port of a Service without endpoints that nobody is there.
        if *listener.backends == Backends::default() && are_all_known(world, own) {
            out.add(Object::new(own.kind, &own.namespace, &own.name), Verdict::Pass);
            continue;
        }
        let result = facts::on_nodes(world, verdict, || {
            let mut spots = vec![facts::decided(&listener.intent)];
            if verdict.object != *own {
                spots.push(facts::decided(verdict));
            }
            world.fault_of(spots, &listener.backends.units)
        });
        out.add(Object::new(own.kind, &own.namespace, &own.name), result);
    }
}

/// Whether everything that may stand behind a Service was read: the pods, or the endpoints that
/// somebody writes where it selects none.
fn are_all_known(world: &World<'_>, service: &ObjectRef) -> bool {
    let cluster = world.cluster;
    let found = cluster.services.get(&service.namespace, &service.name);
    let selects =
        found.and_then(|one| one.spec.as_ref()).is_some_and(|spec| !spec.selector.is_empty());
    let kind = if selects { Kind::Pod } else { Kind::EndpointSlice };
    cluster.coverage.is_complete(kind)
}
