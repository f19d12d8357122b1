"""Code tables."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models
from renkei.gate.rls import EVERYBODY, KNOWN, Protect


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('gate', '0001_wall'),
    ]

    operations = [
        migrations.CreateModel(
            name='Term',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('system', models.CharField(choices=[('disease', '傷病名'), ('department', '診療科')], max_length=20, verbose_name='コード体系')),
                ('code', models.CharField(blank=True, max_length=20, verbose_name='コード')),
                ('label', models.CharField(max_length=100, verbose_name='名称')),
                ('kana', models.CharField(blank=True, max_length=200, verbose_name='カナ')),
                ('synonyms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None)),
                ('icd10', models.CharField(blank=True, max_length=10, verbose_name='ICD-10')),
                ('search_key', models.TextField(blank=True, editable=False)),
                ('search_pairs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), blank=True, default=list, editable=False, size=None)),
            ],
            options={
                'ordering': ['system', 'kana', 'id'],
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['search_pairs'], name='term_search'), models.Index(fields=['system', 'code'], name='term_by_code')],
                'constraints': [models.UniqueConstraint(fields=('system', 'label'), name='term_once')],
            },
        ),
        Protect("terms_term", using=EVERYBODY, check=KNOWN),
    ]
