import django.db.models.deletion
import renkei.kernel.clock
import renkei.kernel.identifiers
from django.db import migrations, models
from renkei.gate.rls import FACILITY, NOBODY, Protect, rule


class Migration(migrations.Migration):

    dependencies = [
        ('gate', '0003_history'),
        ('directory', '0004_unread_reply'),
        ('exchange', '0001_initial'),
        ('referrals', '0004_unread_replies'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScanFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('name', models.CharField(max_length=255)),
                ('media_type', models.CharField(max_length=100)),
                ('content', models.BinaryField()),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('source', models.CharField(choices=[('upload', '画面から'), ('folder', 'フォルダから'), ('mail', 'メールから')], max_length=10)),
                ('came_from', models.CharField(blank=True, max_length=200)),
                ('received_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('received_by', models.CharField(blank=True, max_length=120)),
                ('state', models.CharField(choices=[('waiting', '読み取り待ち'), ('reading', '読み取り中'), ('done', '読み取り済'), ('failed', '読み取れません')], default='waiting', max_length=10)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('pages', models.PositiveSmallIntegerField(default=0)),
                ('pages_read', models.PositiveSmallIntegerField(default=0)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ScanPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('codes', models.JSONField(default=list)),
                ('turn', models.PositiveSmallIntegerField(default=0)),
                ('form', models.BooleanField(default=False)),
                ('thumbnail', models.BinaryField()),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seen', to='exchange.scanfile')),
            ],
            options={
                'ordering': ['file_id', 'number'],
            },
        ),
        migrations.CreateModel(
            name='ScanPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('first_page', models.PositiveSmallIntegerField()),
                ('last_page', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('unmatched', '未照合'), ('filed', '登録済'), ('discarded', '破棄')], default='unmatched', max_length=10)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('kind', models.CharField(blank=True, max_length=20)),
                ('file_uid', models.UUIDField(blank=True, null=True)),
                ('late', models.BooleanField(default=False)),
                ('filed_at', models.DateTimeField(blank=True, null=True)),
                ('filed_by', models.CharField(blank=True, max_length=120)),
                ('by_code', models.BooleanField(default=False)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('changed_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='exchange.scanfile')),
                ('proposed', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.referral')),
                ('referral', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.referral')),
                ('reply', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.replyletter')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Misfiling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('reason', models.CharField(max_length=300)),
                ('filed_at', models.DateTimeField()),
                ('filed_by', models.CharField(blank=True, max_length=120)),
                ('undone_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('undone_by', models.CharField(blank=True, max_length=120)),
                ('could_see', models.JSONField(default=list)),
                ('looked', models.JSONField(default=list)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
                ('right', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.referral')),
                ('wrong', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.referral')),
                ('part', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='misfilings', to='exchange.scanpart')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddConstraint(
            model_name='scanfile',
            constraint=models.UniqueConstraint(fields=('facility', 'sha256'), name='scan_taken_in_once'),
        ),
        migrations.AddConstraint(
            model_name='scanpage',
            constraint=models.UniqueConstraint(fields=('file', 'number'), name='page_read_once'),
        ),
        migrations.AddIndex(
            model_name='scanpart',
            index=models.Index(fields=['facility', 'state', '-id'], name='parts_by_state'),
        ),
        migrations.AddIndex(
            model_name='scanpart',
            index=models.Index(fields=['referral'], name='parts_of_referral'),
        ),
        migrations.AddConstraint(
            model_name='scanpart',
            constraint=models.UniqueConstraint(fields=('file', 'first_page'), name='part_cut_once'),
        ),
        Protect("exchange_scanfile", using=rule(FACILITY, facility_id="facility_id")),
        # What a machine saw is what it saw.
        Protect("exchange_scanpage", using=rule(FACILITY, facility_id="facility_id"), update=NOBODY),
        Protect("exchange_scanpart", using=rule(FACILITY, facility_id="facility_id")),
        Protect("exchange_misfiling", using=rule(FACILITY, facility_id="facility_id")),
    ]
