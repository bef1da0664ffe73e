import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpRoutes } from "./http.ts";

const methods = {};

test("the longest prefix answers, and among equals the one for the host", () => {
  const routes = new HttpRoutes();
  const any = { prefix: "/upload/", methods };
  const own = { prefix: "/upload/", hosts: ["example.com", "example.org"], methods };
  const deeper = { prefix: "/upload/old/", methods };
  for (const route of [any, own, deeper]) routes.route(route);
  assert.equal(routes.find("example.net", "/upload/x"), any);
  assert.equal(routes.find("example.org", "/upload/x/y"), own);
  assert.equal(routes.find("example.org", "/upload/old/x"), deeper);
  assert.equal(routes.find("example.org", "/upload"), undefined);
  assert.equal(routes.find("example.org", "/uploads/"), undefined);
  assert.equal(routes.find("", "*"), undefined);
  assert.equal(routes.find("", ""), undefined);
});

test("nobody answers where somebody does already; who ends makes room", () => {
  const routes = new HttpRoutes();
  const end = routes.route({ prefix: "/a/", hosts: ["example.com"], methods });
  assert.throws(() => routes.route({ prefix: "/a/", hosts: ["example.net", "example.com"], methods }), /already/);
  assert.equal(routes.find("example.net", "/a/"), undefined);
  assert.throws(() => routes.route({ prefix: "a/", methods }), /slash/);
  end();
  assert.equal(routes.find("example.com", "/a/"), undefined);
  routes.route({ prefix: "/a/", hosts: ["example.com"], methods });
});

test("an origin is known once there is a listener, in ASCII, without the usual port", () => {
  const routes = new HttpRoutes();
  assert.equal(routes.origin("example.com"), undefined);
  routes.securePort = 5443;
  assert.equal(routes.origin("münchen.example"), "https://xn--mnchen-3ya.example:5443");
  routes.securePort = 443;
  assert.equal(routes.origin("example.com"), "https://example.com");
});

test("paths of many parts, as long as a request may be, cost next to nothing", () => {
  const routes = new HttpRoutes();
  routes.route({ prefix: "/upload/", methods: {} });
  const end = routes.route({ prefix: "/", methods: {} });
  const most = 15_000;
  for (let parts = most - 1000; parts < most; parts++) {
    assert.equal(routes.find("example.com", `/${"/".repeat(parts)}`)?.prefix, "/");
  }
  end();
  for (let parts = most - 1000; parts < most; parts++) {
    assert.equal(routes.find("example.com", `/${"/".repeat(parts)}`), undefined); // minutes, if each part were looked up
  }
});
