-- What the services of this story keep for themselves.
create schema demo;

create table demo.reservation (
    credit_reservation_id  text primary key,
    person_id              text not null,
    lesson_id              text not null,
    state                  text not null
);

-- Revenue's own guard: a person is handed over once, whatever happens later.
create table demo.handoff (
    person_id  text primary key
);

-- What the handlers did. The key makes a second effect of one event impossible to miss.
create table demo.effect (
    domain      text not null,
    event_id    text not null,
    event_type  text not null,
    primary key (domain, event_id)
);
