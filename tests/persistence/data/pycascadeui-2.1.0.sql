BEGIN TRANSACTION;
CREATE TABLE cascadeui_state (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        data TEXT NOT NULL,
                        updated_at TEXT DEFAULT (datetime('now'))
                    );
INSERT INTO "cascadeui_state" VALUES(1,'{
  "sessions": {
    "RolePanel:user_1180000000000000123": {
      "id": "RolePanel:user_1180000000000000123",
      "user_id": 1180000000000000123,
      "created_at": "2026-11-21T06:34:25.571476",
      "updated_at": "2026-11-21T06:34:25.571476",
      "views": [
        "72784626-d971-4794-a547-6dfd8c259982",
        "45134309-9e3c-4d65-a143-39042e2bca02"
      ],
      "history": [],
      "data": {}
    },
    "CounterView:user_1180000000000000123": {
      "id": "CounterView:user_1180000000000000123",
      "user_id": 1180000000000000123,
      "created_at": "2026-11-21T06:34:25.574514",
      "updated_at": "2026-11-21T06:34:25.576165",
      "views": [
        "349cdf4d-d808-4170-83fd-5b975aa43770"
      ],
      "history": [],
      "data": {
        "draft": "half a sentence"
      },
      "undo_stack": [
        {},
        {
          "counters": {
            "1180000000000000123": 1
          }
        }
      ],
      "redo_stack": [
        {
          "counters": {
            "1180000000000000123": 3
          }
        }
      ]
    },
    "Hub:user_1180000000000000124": {
      "id": "Hub:user_1180000000000000124",
      "user_id": 1180000000000000124,
      "created_at": "2026-11-21T06:34:25.576892",
      "updated_at": "2026-11-21T06:34:25.576892",
      "views": [
        "aa0d7e19-8198-4531-88ac-cf62396cb62c"
      ],
      "history": [],
      "data": {},
      "nav_stack": [
        {
          "class_name": "Hub",
          "module": "__main__",
          "kwargs": {
            "page": 4
          },
          "state_snapshot": null
        }
      ]
    }
  },
  "views": {
    "72784626-d971-4794-a547-6dfd8c259982": {
      "id": "72784626-d971-4794-a547-6dfd8c259982",
      "type": "RolePanel",
      "user_id": 1180000000000000123,
      "session_id": "RolePanel:user_1180000000000000123",
      "created_at": "2026-11-21T06:34:25.573025",
      "updated_at": "2026-11-21T06:34:25.573196",
      "props": {},
      "message_id": "1180000000000001001",
      "channel_id": "1180000000000000900"
    },
    "45134309-9e3c-4d65-a143-39042e2bca02": {
      "id": "45134309-9e3c-4d65-a143-39042e2bca02",
      "type": "RolePanel",
      "user_id": 1180000000000000123,
      "session_id": "RolePanel:user_1180000000000000123",
      "created_at": "2026-11-21T06:34:25.573910",
      "updated_at": "2026-11-21T06:34:25.574072",
      "props": {},
      "message_id": "1180000000000001002",
      "channel_id": "1180000000000000900"
    },
    "349cdf4d-d808-4170-83fd-5b975aa43770": {
      "id": "349cdf4d-d808-4170-83fd-5b975aa43770",
      "type": "CounterView",
      "user_id": 1180000000000000123,
      "session_id": "CounterView:user_1180000000000000123",
      "created_at": "2026-11-21T06:34:25.574744",
      "updated_at": "2026-11-21T06:34:25.574973",
      "props": {},
      "message_id": "1180000000000001003",
      "channel_id": "1180000000000000900"
    },
    "aa0d7e19-8198-4531-88ac-cf62396cb62c": {
      "id": "aa0d7e19-8198-4531-88ac-cf62396cb62c",
      "type": "Settings",
      "user_id": 1180000000000000124,
      "session_id": "Hub:user_1180000000000000124",
      "created_at": "2026-11-21T06:34:25.578803",
      "updated_at": "2026-11-21T06:34:25.578803",
      "props": {},
      "message_id": null,
      "channel_id": null
    }
  },
  "components": {
    "settings:theme": {
      "id": "settings:theme",
      "interactions": [
        {
          "user_id": 1180000000000000124,
          "view_id": "aa0d7e19-8198-4531-88ac-cf62396cb62c",
          "value": {
            "v": "dark"
          },
          "timestamp": "2026-11-21T06:34:25.579242"
        }
      ],
      "last_interaction": "2026-11-21T06:34:25.579242"
    }
  },
  "application": {
    "counters": {
      "1180000000000000123": 2
    },
    "_scoped": {
      "user:1180000000000000124": {
        "theme": "dark"
      }
    },
    "$currency": {
      "$set": [
        1,
        2
      ]
    },
    "opened": "2026-01-02T03:04:00+00:00",
    "tags": [
      "only one"
    ],
    "greeting": "Gr\u00fc\u00dfe \ud83c\udf89"
  },
  "persistent_views": {
    "roles:panel:1180000000000000456": {
      "state_key": "roles:panel:1180000000000000456",
      "class_name": "RolePanel",
      "message_id": "1180000000000001001",
      "channel_id": "1180000000000000900",
      "guild_id": "1180000000000000456",
      "user_id": "1180000000000000123",
      "registered_at": "2026-11-21T06:34:25.573346"
    },
    "roles:direct": {
      "state_key": "roles:direct",
      "class_name": "RolePanel",
      "message_id": "1180000000000001002",
      "channel_id": "1180000000000000900",
      "guild_id": null,
      "user_id": "1180000000000000123",
      "registered_at": "2026-11-21T06:34:25.574237"
    },
    "tickets:integers": {
      "state_key": "tickets:integers",
      "class_name": "TicketPanel",
      "message_id": 1180000000000001005,
      "channel_id": 1180000000000000901,
      "guild_id": 1180000000000000456,
      "user_id": 1180000000000000124,
      "registered_at": "2026-11-21T06:34:25.580122"
    }
  },
  "modals": {
    "aa0d7e19-8198-4531-88ac-cf62396cb62c": {
      "submissions": [
        {
          "user_id": 1180000000000000124,
          "values": {
            "reason": "spam"
          },
          "timestamp": "2026-11-21T06:34:25.579528"
        }
      ],
      "last_submission": "2026-11-21T06:34:25.579528"
    }
  }
}','2026-11-21 06:34:25');
COMMIT;
