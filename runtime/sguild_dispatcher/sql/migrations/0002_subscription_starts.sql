-- A subscription that no worker ever ran for is visible: most likely, one of the two names has a typo.

alter table sguild_dispatcher.subscription add column first_started_at timestamptz;
comment on column sguild_dispatcher.subscription.first_started_at is
    'When a worker first began to deliver for it; null: none ever did.';
