"""corpus_sflow - what a record of ours should hold of a sample that the corpus describes in sFlow's own words."""

UNKNOWN = 0xFFFFFFFF
LOCAL = (0x3FFFFFFF, UNKNOWN)

# Octets of headers that the corpus does not describe; VLAN priorities, fragments.
UNDESCRIBED = {
    "dot1qPriority",
    "dot1qCustomerPriority",
    "fragmentIdentification",
    "fragmentOffset",
    "fragmentFlags",
}

# Why a packet was discarded, as forwardingStatus.
DISCARDED = {
    **dict.fromkeys((0, 1, 6, 7, 8, 11, 12), 131),
    **dict.fromkeys((9, 10, 13, 258), 129),
    4: 133,
    257: 137,
    260: 139,
    261: 138,
}

COUNTERS = (
    "ifIndex ifSpeed ifDirection ifStatus ifInOctets ifInUcastPkts ifInMulticastPkts ifInBroadcastPkts ifInDiscards"
    " ifInErrors ifInUnknownProtos ifOutOctets ifOutUcastPkts ifOutMulticastPkts ifOutBroadcastPkts ifOutDiscards"
    " ifOutErrors ifPromiscuousMode"
).split()


def family(address, name):
    """The element of an address: NAME has a % where the family stands."""
    return name.replace("%", "IPv6" if ":" in address else "IPv4")


def interfaces(sample, fields):
    form, value = sample["inputFormat"], sample["input"]
    if form == 0 and value != 0 and value not in LOCAL:
        fields["ingressInterface"] = value
    form, value = sample["outputFormat"], sample["output"]
    if form == 0 and value in LOCAL:
        fields["forwardingStatus"] = 195
    elif form == 0 and value != 0:
        fields["egressInterface"] = value
    elif form == 1:
        fields["forwardingStatus"] = DISCARDED.get(value, 128)
        fields["discardReason"] = value
    elif form == 2:
        fields["outputCount"] = value


def header(record, fields):
    """Format 1: the packet's first octets, decoded."""
    for name, value in record["header"].items():
        if name == "ipTotalLength":
            fields["octetDeltaCount"] = value
        elif name == "payloadLengthIPv6":
            fields["octetDeltaCount"] = value + 40
        elif name in ("icmpType", "icmpCode"):
            fields[name + ("IPv6" if record["header"]["ipVersion"] == 6 else "IPv4")] = value
        else:
            fields[name] = value
    fields.setdefault("octetDeltaCount", record["frameLength"])
    fields["dataLinkFrameSize"] = record["frameLength"]
    fields["headerProtocol"] = record["headerProtocol"]
    fields["strippedOctets"] = record["stripped"]
    fields["headerLength"] = record["headerLength"]


def told(record, fields):
    """Formats 2, 3 and 4: what the agent took out of the header."""
    own = {k: v for k, v in record.items() if k not in ("enterprise", "format", "length", "offset")}
    if record["format"] == 2:
        fields.setdefault("dataLinkFrameSize", record["length"])
        fields.setdefault("octetDeltaCount", record["length"])
    elif "destinationIPv4Address" in fields or "destinationIPv6Address" in fields:
        own = {}
    else:
        fields["octetDeltaCount"] = record["length"]
        fields["ipVersion"] = 4 if record["format"] == 3 else 6
    for name, value in own.items():
        fields.setdefault(name, value)


def gateway(record, fields):
    path = record["dstAsPath"]
    fields[family(record["nextHop"], "bgpNextHop%Address")] = record["nextHop"]
    fields["gatewayAsNumber"] = record["as"]
    fields["bgpSourceAsNumber"] = record["srcAs"]
    fields["bgpPrevAdjacentAsNumber"] = record["srcPeerAs"]
    fields["localPreference"] = record["localPref"]
    texts = []
    for segment in path:
        text = " ".join(map(str, segment["as"]))
        texts.append("{" + text + "}" if segment["type"] == 1 else text)
    fields["dstAsPath"] = " ".join(texts)
    if path:
        fields["bgpNextAdjacentAsNumber"] = path[0]["as"][0]
        fields["bgpDestinationAsNumber"] = path[-1]["as"][-1]
    fields["communities"] = " ".join(f"{c >> 16}:{c & 0xFFFF}" for c in record["communities"])


def flow(sample, fields):
    interfaces(sample, fields)
    fields["samplingInterval"] = sample["samplingRate"]
    fields["dataSourceType"] = sample["sourceIdType"]
    fields["dataSourceIndex"] = sample["sourceIdIndex"]
    fields["samplePool"] = sample["samplePool"]
    fields["sampleDrops"] = sample["drops"]
    fields["inputFormat"], fields["inputValue"] = sample["inputFormat"], sample["input"]
    fields["outputFormat"], fields["outputValue"] = sample["outputFormat"], sample["output"]
    fields["packetDeltaCount"] = 1
    records = [r for r in sample["records"] if r["enterprise"] == 0]
    records.sort(key=lambda r: (1, 3, 4, 2).index(r["format"]) if r["format"] < 5 else 5)
    for r in records:
        if r["format"] == 1:
            header(r, fields)
        elif r["format"] == 1001:
            fields["vlanId"], fields["srcPriority"] = r["srcVlan"], r["srcPriority"]
            fields["postVlanId"], fields["dstPriority"] = r["dstVlan"], r["dstPriority"]
        elif r["format"] == 1003:
            gateway(r, fields)
        elif r["format"] in (2, 3, 4):
            told(r, fields)
        elif r["format"] == 1002:
            version = fields.get("ipVersion", 6 if ":" in r["nextHop"] else 4)
            fields[family(r["nextHop"], "ipNextHop%Address")] = r["nextHop"]
            fields[f"sourceIPv{version}PrefixLength"] = r["sourcePrefixLength"]
            fields[f"destinationIPv{version}PrefixLength"] = r["destinationPrefixLength"]


def counters(sample, fields, scope):
    if sample["sourceIdType"] == 0:
        fields["ingressInterface"] = sample["sourceIdIndex"]
        scope.append("ingressInterface")
    else:
        fields["dataSourceType"] = sample["sourceIdType"]
        fields["dataSourceIndex"] = sample["sourceIdIndex"]
        scope += ["dataSourceType", "dataSourceIndex"]
    for r in sample["records"]:
        if r["enterprise"] == 0 and r["format"] == 1:
            fields["ingressInterfaceType"] = r["ifType"]
            fields.update((name, r[name]) for name in COUNTERS)


def expected(sample):
    """The record, in the form of those of NetFlow and IPFIX."""
    fields = {family(sample["agent"], "exporter%Address"): sample["agent"], "sampleSequence": sample["sampleSeq"]}
    record = {k: v for k, v in sample.items() if k in ("pkt", "exporter", "malformed_msg")}
    record.update(fields=fields, domain=sample["subAgent"], kind="flow", scope=[])
    if sample["kind"] == "flow":
        flow(sample, fields)
    else:
        record["kind"] = "options"
        counters(sample, fields, record["scope"])
    return record


def decoded(record):
    """A record of ours: how long the sampled octets are, without what the corpus does not describe."""
    section = record.pop("dataLinkFrameSection", record.pop("ipHeaderPacketSection", None))
    if section is not None:
        record["headerLength"] = len(section) // 2
    return {k: v for k, v in record.items() if k not in UNDESCRIBED}
