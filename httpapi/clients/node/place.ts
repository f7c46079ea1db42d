// Places a person on a list and reads the number, with types that come from the OpenAPI document alone.
// URL, OPERATOR and COMMISSION are in the environment.
import createClient from "openapi-fetch";
import { randomUUID } from "node:crypto";
import type { paths } from "./api.js";

const env = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
};

const as = (token: string) =>
  createClient<paths>({ baseUrl: env("URL"), headers: { Authorization: `Bearer ${token}` } });
const operator = as(env("OPERATOR"));
const commission = as(env("COMMISSION"));
const key = () => ({ header: { "Idempotency-Key": randomUUID() } });

function answered<T>(step: string, a: { data?: T; error?: unknown }): T {
  if (a.data === undefined) throw new Error(`${step}: ${JSON.stringify(a.error)}`);
  return a.data;
}

const paper = {
  number: "17", issued_on: "2026-03-09", issuer: "АХАЖ", sha256: "0a".repeat(32),
};
const person = answered("record", await operator.POST("/v1/persons", {
  params: key(),
  body: { name: "Айгүл Серікқызы", birth_date: "1990-05-17", class: "citizen", iin: env("IIN") },
})).person_id;
const list = answered("open a list", await commission.POST("/v1/queues", {
  params: key(),
  body: { body: "Қорғаныс министрлігі", settlement: "Астана", title: "Астана гарнизоны, TypeScript" },
})).list_id;
const received = answered("apply", await operator.POST("/v1/housing-applications", {
  params: key(),
  body: {
    channel: "state_corporation", list_id: list, applicant_id: person, consent: true,
    signature: { method: "handwritten" },
    basis: { type: "application", ...paper },
    service: {
      employer: "Қорғаныс министрлігі", office: "бас маман", since: "2021-09-01", basis: { type: "other", ...paper },
    },
  },
})).case_id;
const of = { path: { id: received } };
answered("review", await commission.POST("/v1/cases/{id}/review", { params: { ...key(), ...of }, body: {} }));
answered("examine", await commission.POST("/v1/cases/{id}/examination", {
  params: { ...key(), ...of }, body: { findings: [] },
}));
const placement = answered("decide", await commission.POST("/v1/cases/{id}/decision", {
  params: { ...key(), ...of }, body: { outcome: "place" },
})).placement;
if (!placement) throw new Error("the decision has no placement");
const { number } = answered("read", await commission.GET("/v1/queues/{list_id}/entries/{entry_id}", {
  params: { path: { list_id: list, entry_id: placement.entry_id } },
}));
if (number !== 1) throw new Error(`the number is ${number}`);
console.log(`openapi-typescript: placed, number ${number}`);
