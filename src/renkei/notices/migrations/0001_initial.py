"""Notices and the outbox."""

import renkei.kernel.clock
import renkei.kernel.identifiers
from django.db import migrations, models
from renkei.gate.rls import KNOWN, NOBODY, Protect


# A facility and the person meant; and whoever has to print it for the post.
TOLD = (
    "facility_id = (SELECT gate_facility()) AND (person_id IS NULL OR person_id = (SELECT gate_person()))"
    " OR on_paper AND from_facility_id = (SELECT gate_facility())"
)
MAILS = "facility_id = (SELECT gate_facility()) AND NOT secret"
ALL_MAIL = [
    # The page of the system administrator; secret text leaves the table for nobody.
    """CREATE FUNCTION notices_all_mail(wanted integer, skipped integer)
       RETURNS TABLE (uid uuid, facility_id bigint, "to" varchar, subject varchar, body text, secret boolean,
                      state varchar, attempts smallint, error varchar, created_at timestamptz, sent_at timestamptz,
                      total bigint)
       LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
       SELECT m.uid, m.facility_id, m."to", m.subject, CASE WHEN m.secret THEN '' ELSE m.body END, m.secret,
              m.state, m.attempts, m.error, m.created_at, m.sent_at, count(*) OVER ()
         FROM notices_outgoingmail m WHERE gate_person() IS NOT NULL
        ORDER BY m.id DESC LIMIT wanted OFFSET skipped $$""",
    "ALTER FUNCTION notices_all_mail(integer, integer) OWNER TO gate_reader",
]


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('gate', '0001_wall'),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('facility_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField(null=True)),
                ('from_facility_id', models.BigIntegerField(null=True)),
                ('kind', models.CharField(max_length=40)),
                ('text', models.CharField(max_length=300)),
                ('number', models.CharField(blank=True, max_length=30)),
                ('url', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('read_at', models.DateTimeField(null=True)),
                ('on_paper', models.BooleanField(default=False)),
                ('printed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['facility_id', '-id'], name='notice_by_facility'), models.Index(condition=models.Q(('read_at', None)), fields=['facility_id', 'person_id'], name='notice_unread'), models.Index(condition=models.Q(('on_paper', True)), fields=['from_facility_id'], name='notice_on_paper')],
            },
        ),
        migrations.CreateModel(
            name='OutgoingMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('facility_id', models.BigIntegerField(default=0)),
                ('to', models.EmailField(max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('body', models.TextField()),
                ('secret', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('queued', '送信待ち'), ('sent', '送信済み'), ('kept', '送信箱に保管'), ('failed', '送信できません')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('tried_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['-id'], name='mail_newest'), models.Index(fields=['facility_id', '-id'], name='mail_by_facility')],
            },
        ),
        # Whoever acts may tell another facility; only those who are told (or print it) read and mark it.
        Protect("notices_notice", using=TOLD, check=KNOWN, update=TOLD),
        Protect("notices_outgoingmail", using=MAILS, check=KNOWN, update=NOBODY),
        migrations.RunSQL(ALL_MAIL, migrations.RunSQL.noop),
    ]
