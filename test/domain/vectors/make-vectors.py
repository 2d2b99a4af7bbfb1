"""Golden vectors for how the server loads, coerces and matches overrides.

The server is a Python program, so Python itself says what is right: json.loads, int(), bool() and str.startswith are used
as they are. Nothing here is derived from the TypeScript model. Run it without arguments to rewrite vectors.json beside it;
with `-` it prints to stdout. The output depends on nothing but this file (and a Python of 3.10.7 or later, which limits
integers to 4300 digits).
"""

import base64
import json
import pathlib
import sys


# --- the server ---------------------------------------------------------------------------------------------------------

BASE = {"rate_per_min": 60, "burst": 10, "window_s": 60, "shadow": False}
FIELDS = (("rate", "rate_per_min", int), ("burst", "burst", int), ("window", "window_s", int), ("shadow", "shadow", bool))


def load(stored):
    """Bytes as stored in Redis -> (overrides in order, whether the document was readable)."""
    try:
        document = json.loads(stored.decode("utf-8"))
        if not isinstance(document, dict):
            return {}, False
        return {key: value for key, value in document.items() if isinstance(value, dict)}, True
    except (ValueError, RecursionError):
        return {}, False


def match(overrides, route):
    """-> (prefix that won or None, effective policy)."""
    if not route:
        return None, dict(BASE)
    for prefix, fields in overrides.items():
        if not route.startswith(prefix):
            continue
        policy = dict(BASE)
        try:
            for name, target, convert in FIELDS:
                if name in fields:
                    policy[target] = convert(fields[name])
        except (TypeError, ValueError, OverflowError):
            continue
        return prefix, policy
    return None, dict(BASE)


# --- coercion cases -----------------------------------------------------------------------------------------------------


def text(value):
    return json.dumps(value)


def number_texts():
    yield from "0 -0 1 -1 12 60000 60001 100000 9007199254740991 9007199254740992 9007199254740993 -9007199254740993".split()
    yield from "18446744073709551616 123456789012345678901234567890 -123456789012345678901234567890".split()
    yield from "0.0 -0.0 0.5 -0.5 0.999 1.0 1.5 12.0 12.5 12.9 -12.9 59999.999999 1e0 1e2 1E2 1e+2 1e-2 12e1 1.25e1".split()
    yield from "1e15 1e16 1e21 1e22 1e300 -1e300 1e308 1e309 -1e309 1e400 5e-324 1e-400 0e0 0e999 0.1e1 1.7976931348623157e308".split()
    yield from "NaN Infinity -Infinity 4503599627370497.5 999999999999999 9999999999999999 0.30000000000000004".split()
    yield "9" * 400
    yield "-" + "9" * 400
    yield "9" * 4300


def other_texts():
    yield from ("true", "false", "null", "[]", "{}", "[0]", "[12]", "[null]", "[[]]", '{"a":1}', '{"":null}', '{"rate":12}')
    yield from ("[ ]", "{ }", "[\n]", "{\t}", "[NaN]", '[""]', '{"a":{}}')


SPACES = list("\t\n\v\f\r ") + list("\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008")
SPACES += list("\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u180e\u200b\u200c\u200d\u2060\ufeff\0\x7f")
ZEROS = [0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20]
ZEROS += [0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0]
ZEROS += [0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x11066, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6]


def string_values():
    yield from ("", " ", "  ", "0", "-0", "+0", "00", "007", "12", "+12", "-12", "--12", "+-12", "- 12", "+ 12", "12-", "12+")
    yield from ("1_000", "1__000", "_1000", "1000_", "1_0_0_0", "-1_000", "+1_000", "-_1000", "1_", "_", "__", "0_0", "0_7")
    yield from (" 7 ", "\t7\n", "7 7", " -7 ", " + 7", "12.5", "12.0", "12.", ".5", "1e3", "1E3", "0x10", "0b1", "0o7", "12L", "12f")
    yield from ("abc", "true", "false", "True", "False", "None", "null", "NaN", "inf", "Infinity", "1,000", "1.000", "1'000", "12 %")
    yield from ("\u00b2", "\u00bd", "\u2460", "\u4e00", "\u516d", "\u2169", "\u0bf0", "\U0001d7d8\u0663", "1\u0663", "\u06631", "\u0661_\u0660")
    yield from ("\u066b5", "\u22121", "\uff0d1", "\uff0b1", "1\u0301", "\ud800", "1\ud800", "\udc001", "\ud835\udfd8", "\U0001f600", "9\ufe0f\u20e3")
    yield from ("no", "yes", "off", "on", "0.0", "[]", "{}", "\0", "\\", '"', "/", "\u0000\u0031")
    yield "9" * 400
    yield "9" * 4300
    yield "9" * 4301
    yield "-" + "9" * 4300
    yield "0" * 4301
    yield "_".join("1" * 4300)
    yield "_".join("1" * 4301)
    for space in SPACES:
        yield space + "5"
        yield "5" + space
        yield "\u3000" + space + "5" + space
        yield space
    for zero in ZEROS:
        yield chr(zero) + chr(zero + 9)
        yield "-" + chr(zero + 4) + "2"
        yield chr(zero - 1) + "1"
        yield chr(zero + 10) + "1"


def as_decimal(value):
    """Integers that a double cannot hold exactly go as text. None here has more digits than str() prints."""
    return value if abs(value) < 2**53 else str(value)


def coercion_case(raw):
    value = json.loads(raw)
    try:
        integer = as_decimal(int(value))
    except (TypeError, ValueError, OverflowError):
        integer = None
    return {"raw": raw, "int": integer, "bool": bool(value)}


def coercion_cases():
    raws = [*number_texts(), *other_texts(), *(text(value) for value in string_values())]
    return [coercion_case(raw) for raw in dict.fromkeys(raws)]


# --- documents ----------------------------------------------------------------------------------------------------------

ROUTES = ["", "/", "/api", "/api/", "/api/search", "/api/searching", "/api/search/instructors", "/API/search", "/api/payments"]
ROUTES += ["/api/payments/checkout", "/api/\u00e9t\u00e9", "/api/\U0001f600/x", "/api/\ud83d", "/__proto__", "/1", "/\u0661", "api"]


def hand_written():
    yield from (b"{}", b"{ }", b" \n\t\r{}\n ", b"[]", b'[{"/api":{}}]', b"null", b"true", b"12", b'"/api"', b"NaN", b"", b" ")
    yield from (b"{", b"}", b'{"/api":}', b'{"/api" {}}', b'{"/api":{},}', b'{,"/api":{}}', b'{"/api":{}} x', b'{"/api":{}}{}')
    yield from (b"{'/api':{}}", b"{/api:{}}", b'{"/api":{"rate":01}}', b'{"/api":{"rate":1.}}', b'{"/api":{"rate":.5}}', b'{"/api":{"rate":+1}}')
    yield from (b'{"/api":{"rate":0x10}}', b'{"/api":{"rate":1e}}', b'{"/api":{"rate":-}}', b'{"/api":{"rate":tru}}', b'{"/api":{"rate":nan}}')
    yield from (b'\xef\xbb\xbf{"/api":{"rate":5}}', b'{"/\xff":{"rate":5}}', b'{"/\xc3":{"rate":5}}', b'{"/\xed\xa0\x80":{"rate":5}}')
    yield from (b'{"/\xc0\xaf":{"rate":5}}', b'{"/\xf4\x90\x80\x80":{"rate":5}}', b'{"/a\x00b":{"rate":5}}', b'{"/a\nb":{"rate":5}}', b'{"/a\x7fb":{"rate":5}}')
    yield from (b'{"/\\q":{}}', b'{"/\\u12":{}}', b'{"/\\u12g4":{}}', b'{"/\\ud800":{"rate":5}}', b'{"/api/\\ud83d":{"rate":5}}')
    yield from (b'{"/api/\\ud83d\\ude00":{"rate":5}}', b'{"/api/\\ude00":{"rate":5},"/api/\xf0\x9f\x98\x80":{"rate":6}}', b'{"\\u002fapi":{"rate":5}}')
    yield from (b'{"/api":{"rate":5},"/api":{"rate":6}}', b'{"/api":{"rate":5},"/api/search":{"rate":7},"/api":{"burst":1}}')
    yield from (b'{"/api":{"rate":5},"\\u002fapi":{"rate":6}}', b'{"/api":{"rate":5},"/":{"rate":7},"/api":null}', b'{"/api":[],"/":{"rate":7},"/api":{"rate":8}}')
    yield from (b'{"/api":{"rate":5,"rate":6}}', b'{"/api":{"rate":"x","rate":6}}', b'{"/api":{"rate":6,"rate":"x"}}', b'{"/api":{"r\\u0061te":6}}')
    yield from (b'{"":{"rate":1}}', b'{"/api":{"rate":2},"":{"rate":1}}', b'{"":{},"/api":{"rate":2}}', b'{"":null,"/api":{"rate":2}}')
    yield from (b'{"/api":{},"/api/search":{"rate":9}}', b'{"/api/search":{"rate":9},"/api":{}}', b'{"/":{"rate":3},"/api":{"rate":2}}')
    yield from (b'{"/api/search":{"rate":120,"burst":20,"window":60,"shadow":true},"/api/payments":{"rate":3,"burst":1,"shadow":false}}',)
    yield from (b'{"/1":{"rate":1},"1":{"rate":2},"0":{"rate":3},"/":{"rate":4}}', b'{"api":{"rate":1},"10":{},"9":{}}')
    yield from (b'{"/__proto__":{"rate":1},"__proto__":{"rate":2},"constructor":{"rate":3},"/":{"rate":4}}', b'{"/api":{"__proto__":{"rate":1},"rate":2}}')
    yield from (b'{"/api":{"rate_per_min":1,"window_s":2,"Rate":3,"rate ":4,"burst":5}}', b'{"/API":{"rate":1},"/api":{"rate":2}}')
    yield from (b'{"/api":{"shadow":"false"}}', b'{"/api":{"shadow":null}}', b'{"/api":{"shadow":NaN}}', b'{"/api":{"shadow":[]}}', b'{"/api":{"shadow":[0]}}')
    yield from (b'{"/api":{"shadow":0}}', b'{"/api":{"shadow":-0.0}}', b'{"/api":{"shadow":{}}}', b'{"/api":{"shadow":""}}', b'{"/api":{"shadow":" "}}')
    yield from (b'{"/api":{"rate":NaN},"/":{"rate":1}}', b'{"/api":{"rate":Infinity},"/":{"rate":1}}', b'{"/api":{"burst":-Infinity},"/":{"rate":1}}')
    yield from (b'{"/api":{"rate":null,"shadow":true},"/":{"rate":1}}', b'{"/api":{"rate":5,"burst":"12.5"},"/":{"rate":1}}', b'{"/api":{"window":[]},"/":{"rate":1}}')
    yield from (b'{"/api":{"rate":0}}', b'{"/api":{"rate":-5}}', b'{"/api":{"rate":60001}}', b'{"/api":{"burst":-1}}', b'{"/api":{"rate":1e400},"/":{"rate":1}}')
    yield from (b'{"/api":{"rate":true,"burst":false,"window":12.9,"shadow":1}}', b'{"/api":{"rate":"1_000","burst":" 7 ","window":"\\u0661\\u0662"}}')
    yield b'{"/api":{"rate":' + b"9" * 4300 + b'},"/":{"rate":1}}'
    yield b'{"/api":{"rate":1,"note":' + b"9" * 4301 + b'},"/":{"rate":1}}'
    yield b'{"/api":{"rate":1,"note":-' + b"9" * 4300 + b'},"/":{"rate":1}}'
    yield b'{"/api":{"rate":1,"note":' + b"9" * 4301 + b'.0},"/":{"rate":1}}'
    yield b'{"/api":{"rate":1,"note":' + b"[" * 500 + b"]" * 500 + b"}}"
    yield b'{"/api":{"rate":1,"note":' + b"[" * 5000 + b"]" * 5000 + b"}}"


class Dice:
    """A generator of its own, so that no Python version draws differently."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit

    def pick(self, items):
        return items[self.below(len(items))]


KEYS = ["/", "/api", "/api/", "/api/search", "/api/search/", "/api/s", "/api/payments", "/api/pay", "/API", "", "api", "/1", "1"]
KEYS += ["/api/\u00e9", "/api/e\u0301", "/api/\U0001f600", "/__proto__", "/x", "/api/searching/for"]
NUMBERS = ["1", "60", "120", "12.9", "-3", "0", "true", '"12"', '" 7 "', '"1_000"', '"12.5"', "null", "[]", "{}", '"abc"', "NaN", "1e2", "70000"]
SHADOWS = ["true", "false", '"false"', "null", "0", "1", '""', "[]", '["x"]', "NaN", "0.0"]
VALUES = ["null", "12", '"x"', "[]", '[{"rate":1}]', "true", "{}"]


def random_value(dice):
    if dice.below(6) == 0:
        return dice.pick(VALUES)
    fields = []
    for _ in range(dice.below(5)):
        name = dice.pick(["rate", "burst", "window", "shadow", "rate", "burst", "note", "rate_per_min"])
        fields.append(f'"{name}": {dice.pick(SHADOWS if name == "shadow" else NUMBERS)}')
    return "{" + dice.pick([",", ", ", " ,\n  "]).join(fields) + "}"


def random_document(dice):
    members = []
    for _ in range(1 + dice.below(8)):
        key = json.dumps(dice.pick(KEYS), ensure_ascii=dice.below(2) == 0)
        if dice.below(5) == 0:
            key = key.replace("/", "\\/")
        members.append(f"{key}:{dice.pick(['', ' '])}{random_value(dice)}")
    document = "{" + dice.pick([",", ", ", ",\n  "]).join(members) + "}"
    stored = document.encode("utf-8")
    if dice.below(12) == 0:
        at = dice.below(len(stored))
        stored = stored[:at] + bytes([dice.pick([0x22, 0x2C, 0x7D, 0x30, 0x80, 0x5C, 0x20])]) + stored[at + 1 :]
    return stored


def as_policy(policy):
    return [as_decimal(policy[name]) for name in ("rate_per_min", "burst", "window_s")] + [policy["shadow"]]


def document_case(stored):
    overrides, readable = load(stored)
    case = {"readable": readable, "prefixes": list(overrides), "matches": []}
    try:
        case["text"] = stored.decode("utf-8")
    except UnicodeDecodeError:
        case["base64"] = base64.b64encode(stored).decode("ascii")
    for route in ROUTES:
        prefix, policy = match(overrides, route)
        case["matches"].append([prefix, *as_policy(policy)])
    return case


def document_cases():
    dice = Dice(20261)
    return [document_case(stored) for stored in [*hand_written(), *(random_document(dice) for _ in range(200))]]


# --- output -------------------------------------------------------------------------------------------------------------


def lines(cases):
    return ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)


def render():
    parts = [
        f'"base":{json.dumps([BASE["rate_per_min"], BASE["burst"], BASE["window_s"], BASE["shadow"]])}',
        f'"routes":{json.dumps(ROUTES)}',
        f'"coercions":[\n{lines(coercion_cases())}\n]',
        f'"documents":[\n{lines(document_cases())}\n]',
    ]
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    output = render()
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(output)
    else:
        pathlib.Path(__file__).with_name("vectors.json").write_text(output, encoding="ascii")
