import assert from "node:assert/strict";
import { test } from "node:test";
import { parseText } from "#xml/parser.ts";
import { provenFeatures, verificationOf, verificationString } from "./verification.ts";

const base = ["caps", "disco#info", "disco#items", "muc"].map((name) => `http://jabber.org/protocol/${name}`);

function query(content: string) {
  return parseText(`<query xmlns='http://jabber.org/protocol/disco#info'>${content}</query>`);
}

function features(...names: string[]): string {
  return names.map((name) => `<feature var='${name}'/>`).join("");
}

function softwareForm(fields: string, type = "urn:xmpp:dataforms:softwareinfo", kind = "hidden"): string {
  return `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='${kind}'><value>${type}</value></field>${fields}</x>`;
}

const exodus = "<identity category='client' type='pc' name='Exodus 0.9.1'/>";
const psi = `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
  <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>`;
const psiForm = softwareForm(`<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>
  <field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>
  <field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field>`);

test("the simple example of XEP-0115 §5.2", () => {
  const info = query(exodus + features(...base));
  assert.equal(verificationString(info), `client/pc//Exodus 0.9.1<${base.join("<")}<`);
  assert.equal(verificationOf(info, "sha-1"), "QgayPKawpkPSDYmwT/WM94uAlu0=");
});

test("the complex example of XEP-0115 §5.3", () => {
  const info = query(psi + features(...base) + psiForm);
  assert.equal(
    verificationString(info),
    `client/pc/el/Ψ 0.11<client/pc/en/Psi 0.11<${base.join("<")}<urn:xmpp:dataforms:softwareinfo<` +
      "ip_version<ipv4<ipv6<os<Mac<os_version<10.5.1<software<Psi<software_version<0.11<",
  );
  assert.equal(verificationOf(info, "sha-1"), "q07IKJEyjvHSyhy//CH0CxmKi8w=");
});

test("the order of what is told does not matter", () => {
  const reversed = psiForm.replace(/(<value>ipv4<\/value>)(<value>ipv6<\/value>)/, "$2$1");
  const info = query(reversed + features(...[...base].reverse()) + psi);
  assert.equal(verificationOf(info, "sha-1"), "q07IKJEyjvHSyhy//CH0CxmKi8w=");
});

test("sorting is by bytes of UTF-8, not by UTF-16", () => {
  // U+FFFD is before U+1F600 in UTF-8, after its surrogates in UTF-16.
  const info = query(features("\u{1F600}", "\uFFFD", "z", "Z"));
  assert.equal(verificationString(info), "Z<z<\uFFFD<\u{1F600}<");
});

test("identities are sorted part by part", () => {
  const info = query("<identity category='a-b' type='x'/><identity category='a' type='x'/>");
  assert.equal(verificationString(info), "a/x//<a-b/x//<");
});

test("twins make an answer ill-formed (§5.4)", () => {
  assert.equal(verificationString(query(exodus + exodus)), undefined);
  assert.equal(verificationString(query(features("a", "b", "a"))), undefined);
  assert.equal(verificationString(query(psiForm + softwareForm(""))), undefined);
  const twoTypes = psiForm.replace("<value>urn", "<value>other</value><value>urn");
  assert.equal(verificationString(query(twoTypes)), undefined);
});

test("identities that differ in name or language only are no twins", () => {
  assert.notEqual(verificationString(query(psi)), undefined);
});

test("forms without a hidden FORM_TYPE are passed over (§5.4)", () => {
  const plain = verificationString(query(exodus));
  assert.equal(verificationString(query(exodus + softwareForm("", "t", "text-single"))), plain);
  const without = "<x xmlns='jabber:x:data' type='result'><field var='os'><value>Mac</value></field></x>";
  assert.equal(verificationString(query(exodus + without)), plain);
});

test("forms are sorted by FORM_TYPE", () => {
  const info = query(softwareForm("<field var='v'><value>1</value></field>", "urn:b") + softwareForm("", "urn:a"));
  assert.equal(verificationString(info), "urn:a<urn:b<v<1<");
});

test("an escaped < in a name is the character, and proves nothing for others", () => {
  const info = query("<identity category='client' type='pc' name='SomeClient&lt;http://jabber.org/protocol/muc'/>");
  const ver = verificationOf(info, "sha-1")!;
  assert.equal(provenFeatures(info, "sha-1", ver)?.shared, false);
  const literal = query("<identity category='client' type='pc' name='A&amp;lt;b'/>");
  assert.equal(verificationString(literal), "client/pc//A&lt;b<");
});

test("an answer is believed if its hash is the one announced", () => {
  const info = query(exodus + features(...base));
  assert.deepEqual(provenFeatures(info, "sha-1", "QgayPKawpkPSDYmwT/WM94uAlu0="), {
    features: new Set(base),
    shared: true,
  });
  assert.equal(provenFeatures(info, "sha-1", "q07IKJEyjvHSyhy//CH0CxmKi8w="), undefined);
  const complex = query(psi + features(...base) + psiForm);
  assert.equal(provenFeatures(complex, "sha-1", "q07IKJEyjvHSyhy//CH0CxmKi8w=")?.shared, true);
});

test("other hash functions can be checked too", () => {
  const info = query(exodus + features(...base));
  assert.equal(provenFeatures(info, "sha-256", verificationOf(info, "sha-256")!)?.shared, true);
  assert.equal(verificationOf(info, "sha-256")?.length, 44);
});

test("an unknown hash is believed of its sender alone", () => {
  const info = query(exodus + features("a"));
  assert.deepEqual(provenFeatures(info, "md17", "x"), { features: new Set(["a"]), shared: false });
});

test("the same hash with features hidden elsewhere is not believed of others", () => {
  const ver = verificationOf(query(exodus + features(...base, "urn:xmpp:ping", "vcard-temp")), "sha-1")!;
  const forgeries = [
    // The last feature as a form, the last two as a form and its field.
    exodus + features(...base, "urn:xmpp:ping") + softwareForm("", "vcard-temp"),
    exodus + features(...base) + softwareForm("<field var='vcard-temp'/>", "urn:xmpp:ping"),
    // Two features as one.
    exodus + features(...base.slice(0, 3), `${base[3]}&lt;urn:xmpp:ping`, "vcard-temp"),
    // All features in the name of the identity.
    `<identity category='client' type='pc' name='Exodus 0.9.1&lt;${[...base, "urn:xmpp:ping", "vcard-temp"].join("&lt;")}'/>`,
    // A feature as an identity.
    `${exodus}<identity category='http:' type='' xml:lang='jabber.org' name='protocol/caps'/>${features(...base.slice(1), "urn:xmpp:ping", "vcard-temp")}`,
    // The identity as a feature.
    features("client/pc//Exodus 0.9.1", ...base, "urn:xmpp:ping", "vcard-temp"),
  ];
  for (const forgery of forgeries) {
    const found = provenFeatures(query(forgery), "sha-1", ver);
    assert.ok(found, `no forgery: ${forgery}`);
    const whole = [...base, "urn:xmpp:ping", "vcard-temp"].every((name) => found.features.has(name));
    assert.ok(!found.shared || whole, forgery);
  }
});

test("answers beyond the limits are not believed", () => {
  const many = query(features(...Array.from({ length: 513 }, (_, index) => `f${index}`)));
  assert.equal(provenFeatures(many, "sha-1", verificationOf(many, "sha-1")!), undefined);
  const long = query(features("x".repeat(1025)));
  assert.equal(provenFeatures(long, "sha-1", verificationOf(long, "sha-1")!), undefined);
  const large = query(features(...Array.from({ length: 500 }, (_, index) => `${index}`.padEnd(100, "x"))));
  assert.equal(provenFeatures(large, "sha-1", verificationOf(large, "sha-1")!), undefined);
});
