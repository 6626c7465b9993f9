// The official SDK on Node against a live mock: BASE_URL is Sent's address there, in one session.

import assert from "node:assert/strict";
import { test } from "node:test";

import Sent, { BadRequestError, NotFoundError } from "@sentdm/sentdm";

const SALES = "770e8400-e29b-41d4-a716-446655440002";
const client = new Sent({ apiKey: "sk_test_acme_admin", baseURL: process.env["BASE_URL"] });
const reminders = {
  name: "Reminders",
  description: "Appointment reminders",
  type: "App" as const,
  useCases: [
    {
      messagingUseCaseUs: "ACCOUNT_NOTIFICATION" as const,
      sampleMessages: ["Your appointment is tomorrow at noon."],
    },
  ],
};

async function names(): Promise<(string | undefined)[]> {
  const listed = await client.profiles.campaigns.list(SALES);
  return (listed.data ?? []).map((campaign) => campaign.name);
}

test("a campaign is created, listed, changed and deleted", async () => {
  const created = await client.profiles.campaigns.create(SALES, { campaign: reminders });
  const id = created.data?.id;
  assert.ok(id);
  assert.deepEqual(await names(), ["Customer Notifications", "Reminders"]);

  const campaign = { ...reminders, name: "Better reminders" };
  await client.profiles.campaigns.update(id, { profileId: SALES, campaign });
  assert.deepEqual(await names(), ["Customer Notifications", "Better reminders"]);

  await client.profiles.campaigns.delete(id, { profileId: SALES });
  assert.deepEqual(await names(), ["Customer Notifications"]);
});

test("a broken request is the SDK's own error", async () => {
  const campaign = { ...reminders, name: "" };
  await assert.rejects(client.profiles.campaigns.create(SALES, { campaign }), BadRequestError);
});

test("an unknown profile is not found", async () => {
  const nobody = "00000000-0000-4000-8000-000000000000";
  await assert.rejects(client.profiles.campaigns.list(nobody), NotFoundError);
});

test("an unavailable vendor is asked again", async () => {
  // Two planned 503s stand before this call; the SDK retries twice by itself.
  assert.deepEqual(await names(), ["Customer Notifications"]);
});
