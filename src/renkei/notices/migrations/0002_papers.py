import renkei.kernel.clock
import renkei.kernel.identifiers
from django.db import migrations, models
from renkei.gate.rls import FACILITY, Protect, rule


class Migration(migrations.Migration):

    dependencies = [
        ('gate', '0003_history'),
        ('notices', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FaxGateway',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('facility_id', models.BigIntegerField(unique=True)),
                ('address', models.CharField(blank=True, max_length=200)),
                ('password', models.TextField(blank=True)),
                ('from_address', models.EmailField(blank=True, max_length=254)),
                ('changed_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('changed_by', models.CharField(blank=True, max_length=120)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='outgoingmail',
            name='paper_uid',
            field=models.UUIDField(null=True),
        ),
        migrations.CreateModel(
            name='OutgoingPaper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('facility_id', models.BigIntegerField()),
                ('kind', models.CharField(max_length=24)),
                ('subject_uid', models.UUIDField()),
                ('number', models.CharField(blank=True, max_length=30)),
                ('title', models.CharField(max_length=200)),
                ('to_facility_id', models.BigIntegerField(default=0)),
                ('to_name', models.CharField(blank=True, max_length=120)),
                ('state', models.CharField(choices=[('waiting', '未送信'), ('sending', '送信中'), ('sent', '送信済'), ('failed', '失敗'), ('cancelled', '取りやめ')], default='waiting', max_length=10)),
                ('way', models.CharField(blank=True, max_length=10)),
                ('fax_number', models.CharField(blank=True, max_length=20)),
                ('content', models.BinaryField(null=True)),
                ('pages', models.PositiveSmallIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('printed_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('sent_by', models.CharField(blank=True, max_length=120)),
            ],
            options={
                'indexes': [models.Index(fields=['facility_id', 'state', '-id'], name='paper_queue'), models.Index(fields=['subject_uid'], name='paper_of_subject')],
            },
        ),
        Protect("notices_outgoingpaper", using=rule(FACILITY, facility_id="facility_id")),
        Protect("notices_faxgateway", using=rule(FACILITY, facility_id="facility_id")),
    ]
