"""Who reaches what: every route of the application, with every role and with nobody. A route without a row fails."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe

import pytest
import pytest_asyncio
from sqlalchemy import select

from models.base import utc_now
from models.people import User, UserRole
from models.web_sessions import ApiToken
from tests.web.conftest import House, build, plenty
from web.accounts import hash_of

# One letter for each role; the order is that of the rows below.
ROLES = {
    "A": UserRole.ADMIN,
    "L": UserRole.LEAD,
    "G": UserRole.AGENT,
    "P": UserRole.PROFESSIONAL,
    "R": UserRole.REVIEWER,
    "D": UserRole.DISPATCHER,
    "M": UserRole.MAINTENANCE,
    "U": UserRole.AUDITOR,
    "W": UserRole.GATEWAY,
    "S": UserRole.WALLBOARD,
    "O": UserRole.OFFICIAL,
    "B": UserRole.STATION,
    "V": UserRole.SUPPLIER,
    "Y": UserRole.SYSTEM_ADMIN,
    "C": UserRole.SECURITY_ADMIN,
}
# Route; who is let in; what they are answered (there is no such record, nothing was sent); what nobody is answered:
# 303 leads to the log-in. Everybody else is answered 403.
TABLE = """
GET /                                               all        303 303
GET /account                                        all        200 303
GET /admin                                          AYC        303 303
GET /admin/codes                                    AY         200 303
POST /admin/codes                                   AY         404 403
POST /admin/codes/{outcome}/{code}                  AY         404 403
GET /admin/days                                     AY         200 303
POST /admin/days                                    AY         400 403
GET /admin/numbers                                  AY         200 303
POST /admin/numbers/duty                            AY         400 403
GET /admin/places                                   AC         200 303
POST /admin/places                                  AC         422 403
GET /admin/places/{id}                              AC         404 303
POST /admin/places/{id}                             AC         404 403
POST /admin/places/{id}/remove                      AC         400 403
GET /admin/policy                                   AY         200 303
POST /admin/policy/{name}                           AY         422 403
GET /admin/prompts                                  AY         200 303
POST /admin/prompts/{lang}/{name}                   AY         404 403
POST /admin/prompts/{lang}/{name}/default           AY         404 403
POST /admin/prompts/{lang}/{name}/takes             AY         404 403
GET /admin/prompts/{lang}/{name}/takes/{take}       AY         404 303
POST /admin/prompts/{lang}/{name}/takes/{take}      AY         404 403
GET /admin/prompts/{lang}/{name}/takes/{take}/sound AY         404 303
GET /admin/seats                                    AY         200 303
POST /admin/seats                                   AY         422 403
GET /admin/seats/{extension}                        AY         404 303
POST /admin/seats/{extension}                       AY         400 403
POST /admin/seats/{extension}/active                AY         400 403
POST /admin/seats/{extension}/password              AY         404 403
POST /admin/seats/{extension}/remove                AY         400 403
GET /admin/users                                    AC         200 303
POST /admin/users                                   AC         422 403
GET /admin/users/{username}                         AC         404 303
POST /admin/users/{username}                        AC         400 403
POST /admin/users/{username}/active                 AC         400 403
POST /admin/users/{username}/password               AC         404 403
POST /admin/users/{username}/unlock                 AC         404 403
GET /audit                                          AU         200 303
GET /audit/export                                   AU         200 303
GET /badges/{token}                                 all        404 404
GET /board                                          ALGPRDMOY  200 303
GET /calibrations                                   ALR        200 303
GET /calibrations/{id}                              ALR        404 303
POST /calibrations/{id}/close                       ALR        400 403
POST /calibrations/{id}/join                        ALR        404 403
GET /care                                           ALGPDOB    200 303
GET /care/bulletins                                 ALGPDOB    200 303
POST /care/bulletins                                ALGPD      422 403
POST /care/bulletins/{id}/withdraw                  ALGPD      404 403
GET /care/calls                                     ALGPDOB    200 303
POST /care/calls/export                             ALD        200 403
POST /care/halt                                     ALGPD      400 403
GET /care/plans                                     ALGPDOB    200 303
POST /care/plans                                    ALGPD      422 403
GET /care/plans/new                                 ALGPD      200 303
GET /care/plans/{id}                                ALGPDOB    404 303
POST /care/plans/{id}                               ALGPD      404 403
POST /care/plans/{id}/halt                          ALGPD      404 403
POST /care/plans/{id}/recording                     ALGPD      404 403
POST /care/plans/{id}/recording/default             ALGPD      404 403
POST /care/plans/{id}/recording/takes               ALGPD      404 403
GET /care/plans/{id}/recording/takes/{take}         ALGPD      404 303
POST /care/plans/{id}/recording/takes/{take}        ALGPD      404 403
GET /care/plans/{id}/recording/takes/{take}/sound   ALGPD      404 303
GET /care/report                                    ALGPDOB    200 303
POST /care/report/export                            ALD        200 403
GET /care/trial                                     ALGPDOB    200 303
GET /care/unreached                                 ALGPDOB    200 303
POST /care/unreached/export                         ALD        200 403
GET /cases                                          ALGPRDO    200 303
POST /cases/export                                  ALD        200 403
GET /cases/{id}                                     ALGPRDO    404 303
GET /complaint-archives                             AL         200 303
POST /complaint-archives                            AL         422 403
GET /complaint-archives/{id}/file                   AL         404 303
GET /complaints                                     ALGPRO     200 303
POST /complaints/export                             AL         200 403
GET /complaints/new                                 ALGP       200 303
POST /complaints/new                                ALGP       422 403
GET /complaints/{id}                                ALGPRO     404 303
POST /complaints/{id}/about                         ALGP       404 403
POST /complaints/{id}/steps                         ALGP       404 403
GET /desk                                           ALGP       200 303
GET /drill-reports                                  ALGPRDM    200 303
POST /drill-reports/take-in                         ALM        303 403
GET /drill-reports/{id}                             ALGPRDM    404 303
POST /drill-reports/{id}                            ALM        400 403
GET /drill-reports/{id}/print                       ALGPRDM    404 303
GET /duplicates                                     ALGP       200 303
GET /duplicates/{id}/{other}                        ALGP       400 303
POST /duplicates/{id}/{other}                       ALGP       400 403
POST /duplicates/{id}/{other}/different             ALGP       404 403
GET /elder-changes                                  ALGPRDOB   200 303
POST /elder-changes/export                           ALD        200 403
GET /elder-papers                                   ALGPRDOB   200 303
GET /elders                                         ALGPRDOB   200 303
POST /elders/export                                 ALD        200 403
GET /elders/import                                  AL         200 303
GET /elders/import/template                         AL         200 303
GET /elders/import/{id}                             AL         404 303
POST /elders/import/{id}/check                      AL         404 403
POST /elders/import/{id}/discard                    AL         404 403
POST /elders/import/{id}/start                      AL         404 403
POST /elders/import/{id}/stop                       AL         404 403
POST /elders/import/{id}/undo                       AL         404 403
GET /elders/new                                     ALGP       200 303
POST /elders/new                                    ALGP       422 403
GET /elders/{id}                                    ALGPRDOB   404 303
GET /elders/{id}/care                               ALGPDOB    404 303
POST /elders/{id}/care                              ALGP       404 403
POST /elders/{id}/delete                            ALGP       400 403
GET /elders/{id}/edit                               ALGP       404 303
POST /elders/{id}/edit                              ALGP       404 403
GET /elders/{id}/history                            ALGPRDOB   404 303
GET /elders/{id}/papers                             ALGPRDOB   404 303
POST /elders/{id}/papers                            ALGP       404 403
POST /elders/{id}/papers/{paper}/delete             ALGP       404 403
GET /elders/{id}/papers/{paper}/scan                ALGPDOB    404 303
POST /elders/{id}/papers/{paper}/scan               ALGP       404 403
GET /elders/{id}/print/{kind}                       ALGP       404 303
POST /elders/{id}/repairs                           ALGP       404 403
GET /elders/{id}/timeline                           ALGPRDOB   404 303
GET /elders/{id}/visit-card                         ALGPD      404 303
POST /elders/{id}/visit-card                        ALGPD      404 403
GET /emergency-plans                                ALGPRDM    200 303
POST /emergency-plans                               ALM        422 403
GET /emergency-plans/{id}                           ALGPRDM    404 303
POST /emergency-plans/{id}                          ALM        404 403
GET /emergency-plans/{id}/file                      ALGPRDM    404 303
POST /emergency-plans/{id}/reviewed                 ALM        400 403
GET /exception-reports                              AL         200 303
POST /exception-reports/export                      AL         200 403
POST /exception-reports/{id}                        AL         422 403
GET /follow-ups                                     ALGPD      200 303
POST /follow-ups/export                             ALD        200 403
GET /follow-ups/{id}                                ALGPD      404 303
POST /follow-ups/{id}                               ALGPD      404 403
POST /follow-ups/{id}/agent                         ALGPD      400 403
POST /follow-ups/{id}/tries                         ALGPD      400 403
GET /fragments/board                                ALGPRDMOY  200 401
GET /fragments/cases/{id}                           ALGPRDO    404 401
GET /fragments/desk                                 ALGP       200 401
GET /fragments/desk/today                           ALGP       200 401
GET /fragments/wallboard                            ALGPRDS    200 401
GET /health                                         all        200 200
GET /inbound-texts                                  ALGPRDO    200 303
GET /inbound-texts/{id}                             ALGPRDO    404 303
POST /inbound-texts/{id}                            ALGP       404 403
POST /language                                      all        303 403
GET /login                                          all        303 200
POST /login                                         all        401 403
POST /logout                                        all        303 403
GET /lookups                                        ALU        200 303
GET /metrics                                        all        200 200
GET /my-orders                                      V          200 303
GET /my-orders/{id}                                 V          404 303
POST /my-orders/{id}/steps/{step}                   V          404 403
GET /my-reviews                                     ALGP       200 303
GET /my-reviews/{id}                                ALGP       404 303
POST /my-reviews/{id}/answer                        ALGP       404 403
GET /orders                                         ALGPDO     200 303
POST /orders/export                                 ALD        200 403
GET /orders/new                                     ALGPD      200 303
POST /orders/new                                    ALGPD      422 403
GET /orders/{id}                                    ALGPDO     404 303
POST /orders/{id}/links                             ALGPD      404 403
GET /orders/{id}/photos/{photo}                     ALGPDO     404 303
POST /orders/{id}/steps/{step}                      ALGPD      404 403
POST /quality-draws                                 ALR        422 403
GET /quality-draws/{id}                             ALR        404 303
GET /quality-results                                ALR        200 303
POST /quality-results/export                        ALR        200 403
GET /quality-reviews                                ALR        200 303
GET /quality-reviews/{id}                           ALR        404 303
POST /quality-reviews/{id}                          ALR        400 403
POST /quality-reviews/{id}/calibrate                ALR        404 403
POST /quality-reviews/{id}/reply                    ALR        400 403
GET /ready                                          all        200 200
GET /repairs                                        ALDMOB     200 303
POST /repairs/{id}                                  ALDMB      422 403
GET /reports                                        ALDOB      200 303
GET /reports/definitions                            ALDOB      200 303
POST /reports/export                                ALDOB      200 403
GET /reports/pdf                                    ALDOB      200 303
GET /reports/print                                  ALDOB      200 303
GET /reports/rows                                   ALDOB      200 303
POST /reports/rows/export                           ALD        200 403
POST /reports/sign                                  AL         422 403
GET /reports/signed/{id}                            ALDOB      404 303
GET /reports/signed/{id}/pdf                        ALDOB      404 303
GET /service-gaps                                   ALGPDO     200 303
POST /service-gaps/export                           ALD        200 403
GET /services                                       ALDOV      200 303
GET /services/new                                   AL         200 303
POST /services/new                                  AL         422 403
GET /services/{id}                                  AL         404 303
POST /services/{id}                                 AL         404 403
GET /suppliers                                      ALDOV      200 303
POST /suppliers/export                              ALD        200 403
GET /suppliers/new                                  AL         200 303
POST /suppliers/new                                 AL         422 403
GET /suppliers/{id}                                 ALDOV      404 303
POST /suppliers/{id}/accounts                       AL         404 403
POST /suppliers/{id}/accounts/remove                AL         404 403
GET /suppliers/{id}/edit                            AL         404 303
POST /suppliers/{id}/edit                           AL         404 403
POST /suppliers/{id}/status                         AL         404 403
POST /suppliers/{id}/workers                        AL         404 403
GET /elder-statements                               ALDO       200 303
POST /elder-statements/export                       ALD        200 403
GET /elder-statements/{id}                          ALDO       404 303
GET /elder-statements/print                         ALDO       200 303
GET /government-statement                           ALDO       200 303
POST /government-statement/export                   ALD        200 403
GET /my-statements                                  V          200 303
GET /settlement                                     ALDO       200 303
POST /settlement/lock                               AL         422 403
POST /settlement/run                                AL         422 403
GET /settlement-lines                               ALDO       200 303
POST /settlement-lines/export                       ALD        200 403
POST /settlement-lines/{id}/correct                 AL         404 403
GET /supplier-statements                            ALDO       200 303
POST /supplier-statements/export                    ALD        200 403
GET /supplier-statements/{id}                       ALDO       404 303
GET /visits-owed                                    ALGPDO     200 303
POST /visits-owed/export                            ALD        200 403
GET /worker-ratings                                 ALDOV      200 303
POST /worker-ratings/export                         ALD        200 403
GET /workers/{id}                                   ALDOV      404 303
POST /workers/{id}                                  AL         404 403
POST /workers/{id}/awards                           AL         404 403
POST /workers/{id}/awards/{award}/withdraw          AL         404 403
GET /workers/{id}/badge                             ALDOV      404 303
POST /workers/{id}/badge                            AL         404 403
GET /workers/{id}/photo                             ALDOV      404 303
POST /workers/{id}/photo                            AL         404 403
GET /score-sheets                                   ALR        200 303
GET /score-sheets/{kind}                            ALR        404 303
POST /score-sheets/{kind}                           ALR        404 403
GET /staffing                                       AL         200 303
POST /staffing/export                               AL         200 403
POST /staffing/shifts                               AL         422 403
POST /staffing/shifts/{id}                          AL         400 403
POST /staffing/shifts/{id}/remove                   AL         400 403
GET /terminals                                      ALDMOB     200 303
POST /terminals/export                              ALDM       200 403
POST /terminals/{id}/collected                      ALDMB      404 403
GET /visit-samples                                  ALGPD      200 303
POST /visit-samples                                 AL         303 403
GET /wallboard                                      ALGPRDS    200 303
GET /wishes                                         ALGPRDO    200 303
POST /wishes/export                                 ALD        200 403
GET /wishes/new                                     ALGP       200 303
POST /wishes/new                                    ALGP       422 403
GET /wishes/{id}                                    ALGPRDO    404 303
POST /wishes/{id}/strike                            ALGP       404 403
GET /worker                                         all        200 200
GET /worker/offline.js                              all        200 200
POST /api/v1/alarms                                 ALGPW      415 401
GET /api/v1/audit                                   AU         200 401
POST /api/v1/calls                                  ALGP       415 401
GET /api/v1/care-bulletins                          ALGPDOB    200 401
POST /api/v1/care-bulletins                         ALGPD      415 401
GET /api/v1/care-calls                              ALGPDOB    200 401
GET /api/v1/care-halt                               ALGPDOB    200 401
PUT /api/v1/care-halt                               ALGPD      415 401
GET /api/v1/care-plans                              ALGPDOB    200 401
POST /api/v1/care-plans                             ALGPD      415 401
GET /api/v1/care-plans/{id}                         ALGPDOB    404 401
PATCH /api/v1/care-plans/{id}                       ALGPD      415 401
DELETE /api/v1/care-plans/{id}                      ALGPD      422 401
GET /api/v1/care-plans/{id}/recording               ALGPDOB    404 401
PUT /api/v1/care-plans/{id}/recording               ALGPD      415 401
DELETE /api/v1/care-plans/{id}/recording            ALGPD      404 401
GET /api/v1/care-unreached                          ALGPDOB    200 401
GET /api/v1/cases                                   ALGPRDO    200 401
GET /api/v1/cases/{id}                              ALGPRDO    404 401
POST /api/v1/cases/{id}/actions                     ALGP       415 401
GET /api/v1/cases/{id}/messages                     ALGPRDO    404 401
GET /api/v1/cases/{id}/notes                        ALGPRDO    404 401
POST /api/v1/cases/{id}/notes                       ALGP       415 401
POST /api/v1/cases/{id}/shown                       ALGP       415 401
POST /api/v1/complaint-archives                     AL         415 401
GET /api/v1/complaint-archives/{id}                 AL         404 401
GET /api/v1/complaints                              ALGPRO     200 401
POST /api/v1/complaints                             ALGP       415 401
GET /api/v1/complaints/{id}                         ALGPRO     404 401
PATCH /api/v1/complaints/{id}                       ALGP       415 401
DELETE /api/v1/complaints/{id}                      ALGP       404 401
POST /api/v1/complaints/{id}/steps                  ALGP       415 401
GET /api/v1/dispositions                            ALGPRDOY   200 401
POST /api/v1/dispositions                           AY         415 401
PATCH /api/v1/dispositions/{outcome}/{code}         AY         415 401
GET /api/v1/docs                                    all        200 401
GET /api/v1/duty-phones                             AY         200 401
PUT /api/v1/duty-phones                             AY         415 401
GET /api/v1/elder-changes                           ALGPRDOB   200 401
GET /api/v1/elder-duplicates                        ALGP       200 401
GET /api/v1/elders                                  ALGPRDOB   200 401
POST /api/v1/elders                                 ALGP       415 401
DELETE /api/v1/elders/{id}                          ALGP       422 401
GET /api/v1/elders/{id}                             ALGPRDOB   404 401
PATCH /api/v1/elders/{id}                           ALGP       415 401
GET /api/v1/elders/{id}/care                        ALGPDOB    404 401
PUT /api/v1/elders/{id}/care                        ALGP       415 401
GET /api/v1/elders/{id}/contacts                    ALGPRDOB   404 401
POST /api/v1/elders/{id}/contacts                   ALGP       415 401
DELETE /api/v1/elders/{id}/contacts/{part}          ALGP       404 401
GET /api/v1/elders/{id}/contacts/{part}             ALGPRDOB   404 401
PATCH /api/v1/elders/{id}/contacts/{part}           ALGP       415 401
POST /api/v1/elders/{id}/different                  ALGP       415 401
GET /api/v1/elders/{id}/history                     ALGPRDOB   404 401
POST /api/v1/elders/{id}/merge                      ALGP       415 401
GET /api/v1/elders/{id}/papers                      ALGPRDOB   404 401
POST /api/v1/elders/{id}/papers                     ALGP       415 401
GET /api/v1/elders/{id}/papers/{paper}/scan         ALGPDOB    404 401
PUT /api/v1/elders/{id}/papers/{paper}/scan         ALGP       422 401
GET /api/v1/elders/{id}/terminals                   ALGPRDOB   404 401
POST /api/v1/elders/{id}/terminals                  ALGP       415 401
DELETE /api/v1/elders/{id}/terminals/{part}         ALGP       404 401
GET /api/v1/elders/{id}/terminals/{part}            ALGPRDOB   404 401
PATCH /api/v1/elders/{id}/terminals/{part}          ALGP       415 401
GET /api/v1/elders/{id}/timeline                    ALGPRDOB   404 401
GET /api/v1/emergency-plans                         ALGPRDM    200 401
POST /api/v1/emergency-plans                        ALM        415 401
GET /api/v1/emergency-plans/{id}                    ALGPRDM    404 401
PATCH /api/v1/emergency-plans/{id}                  ALM        415 401
DELETE /api/v1/emergency-plans/{id}                 ALM        404 401
POST /api/v1/emergency-plans/{id}/reviewed          ALM        415 401
GET /api/v1/exception-reports                       AL         200 401
PATCH /api/v1/exception-reports/{id}                AL         415 401
GET /api/v1/follow-ups                              ALGPD      200 401
POST /api/v1/follow-ups                             ALGPD      415 401
GET /api/v1/follow-ups/{id}                         ALGPD      404 401
PATCH /api/v1/follow-ups/{id}                       ALGPD      415 401
DELETE /api/v1/follow-ups/{id}                      ALGPD      422 401
PUT /api/v1/follow-ups/{id}/agent                   ALGPD      415 401
POST /api/v1/follow-ups/{id}/tries                  ALGPD      415 401
GET /api/v1/health                                  all        200 200
GET /api/v1/imports                                 AL         200 401
POST /api/v1/imports                                AL         422 401
DELETE /api/v1/imports/{id}                         AL         404 401
GET /api/v1/imports/{id}                            AL         404 401
POST /api/v1/imports/{id}/actions                   AL         415 401
GET /api/v1/imports/{id}/problems                   AL         404 401
GET /api/v1/imports/{id}/wrong-rows                 AL         404 401
GET /api/v1/live                                    ALGPRDMSOY 400 401
GET /api/v1/inbound-texts                           ALGPRDO    200 401
GET /api/v1/inbound-texts/{id}                      ALGPRDO    404 401
PATCH /api/v1/inbound-texts/{id}                    ALGP       415 401
POST /api/v1/inbound-texts                          ALGPW      415 401
POST /api/v1/login                                  all        415 415
POST /api/v1/logout                                 all        200 401
GET /api/v1/lookups                                 ALU        200 401
GET /api/v1/lookups/summary                         ALU        200 401
GET /api/v1/me                                      all        200 401
GET /api/v1/metrics                                 all        200 200
GET /api/v1/openapi.json                            all        200 200
GET /api/v1/orders                                  ALGPDO     200 401
POST /api/v1/orders                                 ALGPD      415 401
GET /api/v1/orders/{id}                             ALGPDOV    404 401
DELETE /api/v1/orders/{id}                          ALGPD      422 401
PATCH /api/v1/orders/{id}                           ALGPD      415 401
POST /api/v1/orders/{id}/steps                      ALGPDV     415 401
GET /api/v1/phone                                   ALGP       404 401
GET /api/v1/phone/socket                            ALGP       404 401
GET /api/v1/places                                  AC         200 401
POST /api/v1/places                                 AC         415 401
DELETE /api/v1/places/{id}                          AC         422 401
PATCH /api/v1/places/{id}                           AC         415 401
GET /api/v1/planned-shifts                          AL         200 401
POST /api/v1/planned-shifts                         AL         415 401
PATCH /api/v1/planned-shifts/{id}                   AL         415 401
DELETE /api/v1/planned-shifts/{id}                  AL         422 401
GET /api/v1/policy                                  AY         200 401
PUT /api/v1/policy/{name}                           AY         415 401
GET /api/v1/prompts                                 AY         200 401
DELETE /api/v1/prompts/{lang}/{name}                AY         404 401
GET /api/v1/prompts/{lang}/{name}                   AY         404 401
PUT /api/v1/prompts/{lang}/{name}                   AY         415 401
POST /api/v1/quality-draws                          ALR        415 401
GET /api/v1/quality-results                         ALR        200 401
GET /api/v1/quality-reviews                         ALR        200 401
GET /api/v1/quality-reviews/{id}                    ALR        404 401
PATCH /api/v1/quality-reviews/{id}                  ALR        415 401
POST /api/v1/quality-reviews/{id}/marks             ALR        415 401
DELETE /api/v1/quality-reviews/{id}/marks/{mark}    ALR        404 401
POST /api/v1/quality-reviews/{id}/reply             ALR        415 401
GET /api/v1/ready                                   all        200 200
GET /api/v1/recordings/{id}                         ALGPR      404 401
GET /api/v1/recordings/{id}/peaks                   ALGPR      404 401
GET /api/v1/recordings/{id}/proof                   ALGPR      404 401
GET /api/v1/repairs                                 ALDMOB     200 401
POST /api/v1/repairs                                ALDMB      415 401
PATCH /api/v1/repairs/{id}                          ALDMB      415 401
GET /api/v1/reports                                 ALDOB      422 401
GET /api/v1/reports/definitions                     ALDOB      200 401
GET /api/v1/reports/rows                            ALDOB      422 401
POST /api/v1/reveals                                ALGPDOB    415 401
GET /api/v1/score-sheets                            ALR        200 401
GET /api/v1/seat-records                            AY         200 401
POST /api/v1/seat-records                           AY         415 401
DELETE /api/v1/seat-records/{extension}             AY         422 401
PATCH /api/v1/seat-records/{extension}              AY         415 401
POST /api/v1/seat-records/{extension}/active         AY         415 401
POST /api/v1/seat-records/{extension}/password      AY         404 401
GET /api/v1/seats                                   ALGPRDMOY  200 401
POST /api/v1/seats/{extension}/phone                ALGP       415 401
POST /api/v1/seats/{extension}/state                all        415 401
GET /api/v1/offers                                  ALGPDO     422 401
GET /api/v1/service-gaps                            ALGPDO     200 401
GET /api/v1/services                                ALDOV      200 401
POST /api/v1/services                               AL         415 401
GET /api/v1/services/{id}                           ALDOV      404 401
PATCH /api/v1/services/{id}                         AL         415 401
GET /api/v1/staffing                                AL         200 401
GET /api/v1/suppliers                               ALDOV      200 401
POST /api/v1/suppliers                              AL         415 401
GET /api/v1/suppliers/{id}                          ALDOV      404 401
PATCH /api/v1/suppliers/{id}                        AL         415 401
DELETE /api/v1/suppliers/{id}                       AL         404 401
POST /api/v1/suppliers/{id}/status                  AL         415 401
GET /api/v1/suppliers/{id}/workers                  ALDOV      404 401
POST /api/v1/suppliers/{id}/workers                 AL         415 401
GET /api/v1/elder-statements                        ALDO       200 401
GET /api/v1/elder-statements/{id}                   ALDO       404 401
GET /api/v1/government-statement                    ALDO       200 401
GET /api/v1/settlement-lines                        ALDOV      200 401
POST /api/v1/settlement-lines/{id}/correct          AL         415 401
GET /api/v1/settlement-months                       ALDO       200 401
POST /api/v1/settlement-months/lock                 AL         415 401
POST /api/v1/settlement-months/run                  AL         415 401
GET /api/v1/supplier-statements                     ALDOV      200 401
GET /api/v1/supplier-statements/{id}                ALDOV      404 401
GET /api/v1/visits-owed                             ALGPDO     200 401
GET /api/v1/workers/{id}                            ALDOV      404 401
PATCH /api/v1/workers/{id}                          AL         415 401
POST /api/v1/workers/{id}/awards                    AL         415 401
POST /api/v1/workers/{id}/awards/{award}/withdraw   AL         415 401
GET /api/v1/worker-ratings                          ALDOV      200 401
POST /api/v1/terminal-tests                         ALDMB      415 401
GET /api/v1/terminals                               ALDMOB     200 401
GET /api/v1/users                                   AC         200 401
POST /api/v1/users                                  AC         415 401
PATCH /api/v1/users/{username}                      AC         415 401
POST /api/v1/users/{username}/password              AC         404 401
POST /api/v1/users/{username}/unlock                AC         404 401
GET /api/v1/visit-samples/{day}                     ALGPD      404 401
POST /api/v1/weather                                ALGPW      415 401
POST /api/v1/weather/withdrawals                    ALGPW      415 401
GET /api/v1/wishes                                  ALGPRDO    200 401
POST /api/v1/wishes                                 ALGP       415 401
GET /api/v1/wishes/sums                             ALGPRDO    200 401
GET /api/v1/wishes/{id}                             ALGPRDO    404 401
POST /api/v1/wishes/{id}/strike                     ALGP       415 401
GET /api/v1/working-days/{year}                     AY         200 401
PUT /api/v1/working-days/{year}                     AY         415 401
GET /api/v1/worker/orders                           all        401 401
POST /api/v1/worker/orders/{id}/actions             all        401 401
POST /api/v1/worker/orders/{id}/photos              all        401 401
"""


@pytest_asyncio.fixture
async def sqlite_house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """There are more routes than a stranger may try at once."""
    async for built in build(sqlite_url, tmp_path, limits=plenty()):
        yield built


async def _token(house: House, letter: str) -> str:
    """A bearer token of somebody of this role."""
    token, role = token_urlsafe(16), ROLES[letter]
    async with house.db.write() as session:
        user = await session.scalar(select(User).where(User.username == f"role-{role}"))
        if user is None:
            user = User(username=f"role-{role}", password_hash="-", name=str(role), roles=[str(role)])
            session.add(user)
            await session.flush()
        later = utc_now() + timedelta(hours=1)
        session.add(ApiToken(user_id=user.id, name="test", key_hash=hash_of(token), expires_at=later))
    return token


def _routes(house: House) -> list[str]:
    """`METHOD /path/{part}` of every route, static files apart: those are for everybody."""
    return sorted(
        {
            f"{route.method} {route.resource.canonical}"
            for route in house.app.router.routes()
            if route.resource is not None and route.method != "HEAD" and route.resource.canonical != "/static"
        }
    )


async def _ask(house: House, route: str, token: str | None) -> int:
    """With nothing but who is asking: no record of these ids, no body."""
    method, path = route.split()
    address = re.sub(r"{\w+}", "999", path)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await house.client.request(method, address, headers=headers, allow_redirects=False)
    return answer.status


def _rows() -> dict[str, tuple[str, int, int]]:
    rows = {}
    for line in TABLE.strip().splitlines():
        method, path, who, let_in, nobody = line.split()
        rows[f"{method} {path}"] = ("".join(ROLES) if who == "all" else who, int(let_in), int(nobody))
    return rows


def test_every_route_has_a_row(sqlite_house: House) -> None:
    assert _routes(sqlite_house) == sorted(_rows())


@pytest.mark.parametrize("letter", ROLES)
async def test_a_role_reaches_what_it_may_and_nothing_else(sqlite_house: House, letter: str) -> None:
    rows, token = _rows(), await _token(sqlite_house, letter)
    last = sorted(rows, key=lambda route: route.endswith("/logout"))  # which ends the token
    found = {route: await _ask(sqlite_house, route, token) for route in last}
    assert found == {route: let_in if letter in who else 403 for route, (who, let_in, _) in rows.items()}


async def test_nobody_reaches_anything_but_the_door(sqlite_house: House) -> None:
    rows = _rows()
    found = {route: await _ask(sqlite_house, route, None) for route in rows}
    assert found == {route: nobody for route, (_, _, nobody) in rows.items()}
    open_to_all = {route for route, status in found.items() if status == 200}
    operator = {f"GET {root}/{name}" for root in ("", "/api/v1") for name in ("health", "ready", "metrics")}
    page = {"GET /worker", "GET /worker/offline.js"}  # which shows nothing without a link
    assert open_to_all == {"GET /login", "GET /api/v1/openapi.json", *page, *operator}


async def test_nobody_sets_a_seat_that_is_not_theirs(sqlite_house: House) -> None:
    for letter, status in (("A", 200), ("L", 200), ("G", 403), ("R", 403), ("M", 403), ("U", 403), ("W", 403)):
        headers = {"Authorization": f"Bearer {await _token(sqlite_house, letter)}"}
        body = {"state": "paused", "reason": "rest"}
        answer = await sqlite_house.client.post("/api/v1/seats/801/state", json=body, headers=headers)
        assert answer.status == status, letter
